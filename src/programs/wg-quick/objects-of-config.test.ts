/** Files → objects that the model accepts, whatever the file says. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { stringify } from 'yaml'

import { parseObjects } from '../../model/index.ts'
import { parseWgConfig } from '../../protocols/wireguard/formats/index.ts'
import { objectsOfConfig } from './objects-of-config.ts'

const KEY = 'yAnz5TF+lXXJte14tji3zlMNq+hd2rYUIgJBgB3fBmk='
const PEER = 'xTIBA5rboUvnH4htodjb6e697QjLERt1NAB4mZqp8Dg='

const imported = (text: string, node = 'rpi4') => {
  const { config, problems } = parseWgConfig(text)
  assert.deepEqual(problems, [])
  return objectsOfConfig(config, { node, interfaceName: 'wg0' })
}

test('an object and its Secret are what the model accepts, and the object holds no key', () => {
  const { object, secret, leftOut } = imported(`[Interface]
PrivateKey = ${KEY}
Address = 10.0.0.7/24
Table = 42
DNS = 10.0.0.1
PostUp = true
[Peer]
# phy01
PublicKey = ${PEER}
PresharedKey = ${KEY}
Endpoint = hub.example.net:51820
AllowedIPs = 10.0.0.0/24
PersistentKeepalive = 25
[Peer]
# not a name
PublicKey = ${KEY}
Endpoint = [fe80::1%eth0]:51820
`)
  const text = stringify(object)
  assert.deepEqual(parseObjects(`${text}---\n${stringify(secret)}`, { file: 'x' }).problems, [])
  assert.ok(!text.includes(`privateKey: ${KEY}`))
  assert.match(text, /node: phy01/)
  assert.ok(!text.includes('not a name'))
  assert.deepEqual(leftOut, ['DNS', 'PostUp', 'Endpoint with a zone'])
})

test('a name that is not one for objects is made one', () => {
  const { object } = imported('[Interface]\n', 'My_Laptop')
  assert.deepEqual((object as { metadata: object }).metadata, { name: 'my-laptop-wg0' })
})
