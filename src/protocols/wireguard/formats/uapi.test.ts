/** The userspace API's text, byte for byte, and what a device refuses. */
import assert from 'node:assert/strict'
import { test } from 'node:test'

import {
  formatUapiErrno,
  formatUapiGet,
  formatUapiSet,
  parseUapiErrno,
  parseUapiGet,
  parseUapiRequest,
} from './index.ts'

const PRIVATE = 'AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8='
const PRIVATE_HEX = '000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f'
const PUBLIC = '//79/Pv6+fj39vX08/Lx8O/u7ezr6uno5+bl5OPi4eA='
const PUBLIC_HEX = 'fffefdfcfbfaf9f8f7f6f5f4f3f2f1f0efeeedecebeae9e8e7e6e5e4e3e2e1e0'

test('GL-02: a set request is rendered exactly', () => {
  const text = formatUapiSet({
    privateKey: PRIVATE,
    listenPort: 0,
    fwmark: 51820,
    replacePeers: true,
    peers: [
      {
        publicKey: PUBLIC,
        updateOnly: true,
        presharedKey: PRIVATE,
        endpoint: '[2001:db8::1]:51820',
        persistentKeepaliveSeconds: 25,
        replaceAllowedIPs: true,
        allowedIPs: ['10.0.0.0/24', 'fd00::/64'],
      },
      { publicKey: PRIVATE, remove: true, allowedIPs: [] },
    ],
  })
  assert.equal(
    text,
    `set=1
private_key=${PRIVATE_HEX}
listen_port=0
fwmark=51820
replace_peers=true
public_key=${PUBLIC_HEX}
update_only=true
preshared_key=${PRIVATE_HEX}
endpoint=[2001:db8::1]:51820
persistent_keepalive_interval=25
replace_allowed_ips=true
allowed_ip=10.0.0.0/24
allowed_ip=fd00::/64
public_key=${PRIVATE_HEX}
remove=true

`,
  )
})

test('GL-02: what is absent is not sent, and an empty change is only its frame', () => {
  assert.equal(formatUapiSet({ peers: [] }), 'set=1\n\n')
})

test('the answer to get=1 is rendered in the order of wireguard-go and read back', () => {
  const device = {
    privateKey: PRIVATE,
    listenPort: 51820,
    fwmark: 0,
    peers: [
      {
        publicKey: PUBLIC,
        presharedKey: undefined,
        endpoint: '192.0.2.1:51820',
        allowedIPs: ['10.0.0.0/24'],
        persistentKeepaliveSeconds: 25,
        lastHandshakeSeconds: 1700000000,
        lastHandshakeNanoseconds: 5,
        rxBytes: 2 ** 40,
        txBytes: 7,
        protocolVersion: 1,
      },
    ],
  }
  const text = formatUapiGet(device)
  assert.equal(
    text,
    `private_key=${PRIVATE_HEX}
listen_port=51820
public_key=${PUBLIC_HEX}
preshared_key=${'0'.repeat(64)}
protocol_version=1
endpoint=192.0.2.1:51820
last_handshake_time_sec=1700000000
last_handshake_time_nsec=5
tx_bytes=7
rx_bytes=1099511627776
persistent_keepalive_interval=25
allowed_ip=10.0.0.0/24
errno=0

`,
  )
  assert.deepEqual(parseUapiGet(text), { kind: 'ok', value: device })
})

test('a device refuses what it does not know or cannot mean, with the line and never the value', () => {
  const rows: readonly [string, number, number][] = [
    ['', 1, 71],
    ['set=2', 1, 71],
    ['get=1\nprivate_key=x', 2, 22],
    ['set=1\nprivate_key=abc', 2, 22],
    [`set=1\nlisten_port=65536`, 2, 22],
    [`set=1\nreplace_peers=false`, 2, 22],
    [`set=1\nallowed_ip=10.0.0.0/8`, 2, 22],
    [`set=1\npublic_key=${PUBLIC_HEX}\nlisten_port=1`, 3, 22],
    [`set=1\npublic_key=${PUBLIC_HEX}\nendpoint=hub.example.net:1`, 3, 22],
    [`set=1\npublic_key=${PUBLIC_HEX}\nendpoint=2001:db8::1:1`, 3, 22],
    [`set=1\npublic_key=${PUBLIC_HEX}\nallowed_ip= 10.0.0.0/8`, 3, 22],
    [`set=1\npublic_key=${PUBLIC_HEX}\nprotocol_version=2`, 3, 22],
    ['set=1\n\nlisten_port=1', 2, 22],
  ]
  for (const [text, line, errno] of rows) {
    const result = parseUapiRequest(text)
    assert.ok(result.kind === 'refused', text)
    assert.deepEqual({ line: result.line, errno: result.errno }, { line, errno }, text)
    assert.ok(!result.reason.includes('abc'))
  }
})

test('an errno is negative on the wire, as wireguard-go writes it, and positive here', () => {
  assert.equal(formatUapiErrno(22), 'errno=-22\n\n')
  assert.equal(parseUapiErrno('errno=-22\n\n'), 22)
  assert.equal(parseUapiErrno('errno=0\n\n'), 0)
  assert.equal(parseUapiErrno('listen_port=1\n'), undefined)
  const refused = parseUapiGet('errno=-1\n\n')
  assert.ok(refused.kind === 'refused' && refused.errno === 1)
})
