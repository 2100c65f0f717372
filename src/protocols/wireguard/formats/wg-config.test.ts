/** Files as people and programs write them: what is accepted, what is refused, and every reason with its line. */
import assert from 'node:assert/strict'
import { test } from 'node:test'

import { formatWgConfig, parseWgConfig } from './index.ts'

const KEY = 'yAnz5TF+lXXJte14tji3zlMNq+hd2rYUIgJBgB3fBmk='
const OTHER = 'xTIBA5rboUvnH4htodjb6e697QjLERt1NAB4mZqp8Dg='

// The upstream proxy reads PrivateKey, Address, DNS, PublicKey, AllowedIPs, Endpoint and PersistentKeepalive,
// one of each and without blanks in lists; the rows marked + are beyond it.
test('GL-01: a wg-quick file with comments, any case, blanks after commas and several of everything is read', () => {
  const { config, problems } = parseWgConfig(`# laptop
[interface]
privatekey=${KEY}   # + a comment after a value
Address = 10.0.0.2/24, fd00::2/64
ADDRESS = 192.168.9.1
DNS = 10.0.0.1 , example.net,fd00::53
MTU = 1280
Table = off
FwMark = 0xCA6C
ListenPort = 51821
PreUp = echo one
PostUp = iptables -A FORWARD -i %i -j ACCEPT; true
PostUp = echo = two
PreDown = echo three
PostDown = echo four
SaveConfig = false

# hub
# in the basement
[Peer]
PublicKey = ${OTHER}
PresharedKey = ${KEY}
AllowedIPs = 10.0.0.0/24,  fd00::/64
AllowedIPs = 192.168.7.9/24
Endpoint = [2001:db8::1]:51820
PersistentKeepalive = 25
[PEER]
#phone
PublicKey = ${KEY}
AllowedIPs =
PersistentKeepalive = off
`)
  assert.deepEqual(problems, [])
  assert.deepEqual(config, {
    interface: {
      comments: ['laptop'],
      privateKey: KEY,
      addresses: ['10.0.0.2/24', 'fd00::2/64', '192.168.9.1/32'],
      dns: ['10.0.0.1', 'fd00::53'],
      searchDomains: ['example.net'],
      mtuBytes: 1280,
      table: 'off',
      fwmark: 0xca6c,
      listenPort: 51821,
      preUp: ['echo one'],
      postUp: ['iptables -A FORWARD -i %i -j ACCEPT; true', 'echo = two'],
      preDown: ['echo three'],
      postDown: ['echo four'],
      saveConfig: false,
    },
    peers: [
      {
        comments: ['hub', 'in the basement'],
        publicKey: OTHER,
        presharedKey: KEY,
        allowedIPs: ['10.0.0.0/24', 'fd00::/64', '192.168.7.0/24'],
        endpoint: { host: '2001:db8::1', port: 51820 },
        persistentKeepaliveSeconds: 25,
      },
      { comments: ['phone'], publicKey: KEY, allowedIPs: [], persistentKeepaliveSeconds: 0 },
    ],
  })
})

test('GL-01: a file with line ends of another system and no last one is read', () => {
  const { config, problems } = parseWgConfig(
    `\uFEFF[Interface]\r\nPrivateKey = ${KEY}\r\nAddress = 10.0.0.1/24`,
  )
  assert.deepEqual(problems, [])
  assert.deepEqual(config.interface.addresses, ['10.0.0.1/24'])
})

test('every problem of a file is told at once, with its line, and no key is repeated', () => {
  const secret = KEY.slice(0, 20)
  const { problems } = parseWgConfig(`Address = 1.2.3.4
[Interface]
PrivateKey = ${secret}
ListenPort = 65536
ListenPort = 1
Adress = 10.0.0.1/24
AllowedIPs = 10.0.0.0/8
Address = 10.0.0.1/33, 10.0.0.2/24
MTU = 100
Table = a b
FwMark = 0x1ffffffff
SaveConfig = yes
nonsense
[Peer]
Endpoint = 2001:db8::1:51820
PersistentKeepalive = 70000
[Peer]
PublicKey = nope
[Pear]
PublicKey = ${KEY}
[Interface]
`)
  assert.deepEqual(
    problems.map(({ line, message }) => `${line} ${message}`),
    [
      '1 a key before the first section',
      '3 PrivateKey is not a key: expected 44 characters of base64, ending in "="',
      '4 ListenPort is not a number from 0 to 65535',
      '5 ListenPort is given twice in one section',
      '6 unknown key Adress',
      '7 unknown key AllowedIPs',
      '8 Address is not an address: "10.0.0.1/33"',
      '9 MTU is not a number from 576 to 65535',
      '10 Table is not "auto", "off", a number or a table name',
      '11 FwMark is not "off" or a 32-bit number',
      '12 SaveConfig is not "true" or "false"',
      '13 expected "Key = value"',
      '14 this [Peer] has no PublicKey',
      '15 Endpoint is not HOST:PORT; an IPv6 address needs brackets, as in [2001:db8::1]:51820',
      '16 PersistentKeepalive is not "off" or a number from 0 to 65535',
      '18 PublicKey is not a key: expected 44 characters of base64, ending in "="',
      '19 unknown section [Pear]',
      '21 there is more than one [Interface] section',
    ],
  )
  assert.equal(problems.find((problem) => problem.line === 7)?.hint, 'It belongs into [Peer].')
  assert.ok(!JSON.stringify(problems).includes(secret))
})

test('an empty file has no [Interface]', () => {
  assert.deepEqual(parseWgConfig('').problems, [{ line: 1, message: 'there is no [Interface] section' }])
})

test('formatWgConfig() in the setconf dialect leaves out what only wg-quick takes', () => {
  const { config } = parseWgConfig(`[Interface]
PrivateKey = ${KEY}
Address = 10.0.0.1/24
MTU = 1420
PostUp = true
[Peer]
PublicKey = ${OTHER}
Endpoint = hub.example.net:51820
`)
  assert.equal(
    formatWgConfig(config, { dialect: 'setconf' }),
    `[Interface]\nPrivateKey = ${KEY}\n\n[Peer]\nPublicKey = ${OTHER}\nEndpoint = hub.example.net:51820\n`,
  )
})
