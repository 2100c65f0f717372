/** `warren import` and `show` of an interface of the kernel's own WireGuard, made with the standard tools. */
import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'

import { temporaryDirectory, WARREN } from '../e2e/run-warren.ts'
import { Namespace } from '../harness/namespace.ts'
import { needs } from '../harness/needs.ts'

const PRIVATE = 'ODyTjMvoLv5lLk2vXfQXQYjXGiJ5fMGi2jTO3VtFtVU='
const PRESHARED = 'FpCyhws9cxwWoV4xELtfJvjJN+zQVRPISllRWgeopVE='
const PEER = 'xTIBA5rboUvnH4htodjb6e697QjLERt1NAB4mZqp8Dg='
const CONFIG = `[Interface]
PrivateKey = ${PRIVATE}
ListenPort = 4444
FwMark = 0x2a

[Peer]
PublicKey = ${PEER}
PresharedKey = ${PRESHARED}
Endpoint = 192.0.2.1:51820
AllowedIPs = 10.9.0.0/24, 192.168.7.0/24, fd00:9::/64
PersistentKeepalive = 25
`

const NEEDS = needs({ root: true, kernel: ['wireguard'], tools: ['wg', 'ip'] })

test("the kernel's interface is imported, and the first plan --live after it is empty", NEEDS, async (t) => {
  const directory = temporaryDirectory(t)
  const host = await Namespace.create('host')
  t.after(() => host.close())
  writeFileSync(join(directory, 'wg0.setconf'), CONFIG)
  for (const line of [
    'ip link add wg0 type wireguard',
    `wg setconf wg0 ${directory}/wg0.setconf`,
    'ip address add 10.9.0.2/24 dev wg0',
    'ip address add fd00:9::2/64 dev wg0',
    'ip link set wg0 mtu 1380 up',
    'ip route add 192.168.7.0/24 dev wg0',
  ]) {
    await host.exec(line)
  }
  const warren = (line: string): Promise<string> => host.exec(`${WARREN} ${line}`)
  const objects = await warren(`import --node host --secrets ${directory}/secrets.yaml`)
  assert.match(objects, /\n {2}table: main\n/)
  assert.ok(!objects.includes(PRIVATE) && !objects.includes(PRESHARED))
  writeFileSync(join(directory, 'host.yaml'), objects)
  assert.equal(await warren(`plan --live --node host ${directory}/host.yaml ${directory}/secrets.yaml`), '')

  const shown = await warren('show')
  assert.match(
    shown,
    /^interface: wg0 \(kernel\)\n {2}public key: \S+\n {2}listening port: 4444\n {2}fwmark: 0x2a\n/,
  )
  assert.ok(!shown.includes(PRIVATE) && !shown.includes(PRESHARED))
})
