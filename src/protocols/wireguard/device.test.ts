/** The device's surface: configuration, strangers, bounds. test/sim/ has the behaviour in time. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { inspect } from 'node:util'
import { keyPairOf } from './crypto.ts'
import { SEAL_HEADROOM, SEAL_TAILROOM, WireGuardDevice } from './device.ts'
import { encodeKey } from './formats/index.ts'
import { nodeAead } from './node-aead.ts'

const ZERO_KEY = `${'A'.repeat(43)}=`
const AT_A = { address: '192.0.2.1', port: 1 }
const AT_B = { address: '192.0.2.2', port: 2 }
const secret = (fill: number): Uint8Array => new Uint8Array(32).fill(fill)
const privateKey = (fill: number): string => encodeKey(secret(fill))
const publicKey = (fill: number): string => encodeKey(keyPairOf(secret(fill)).publicKey)

function newDevice(): WireGuardDevice {
  let drawn = 0
  const random = (length: number): Uint8Array => new Uint8Array(length).fill((drawn += 1))
  return new WireGuardDevice({ aead: nodeAead, random, wallClockMs: () => 1_700_000_000_000, mtuBytes: 1420 })
}

/** Two devices with a session, and a packet from a to b in the buffer. */
function connected(): { a: WireGuardDevice; b: WireGuardDevice; buffer: Uint8Array } {
  const a = newDevice()
  const b = newDevice()
  const toB = { publicKey: publicKey(2), endpoint: AT_B, allowedIPs: ['10.9.0.2/32', 'fd00::2/128'] }
  const toA = { publicKey: publicKey(1), endpoint: AT_A, allowedIPs: ['10.9.0.1/32', 'fd00::1/128'] }
  a.configure({ privateKey: privateKey(1), peers: [toB] }, 0)
  b.configure({ privateKey: privateKey(2), peers: [toA] }, 0)
  const buffer = new Uint8Array(SEAL_HEADROOM + 60 + SEAL_TAILROOM)
  writePacket(buffer)
  a.seal(a.peerFor(buffer, SEAL_HEADROOM)!, buffer, SEAL_HEADROOM, 60, 0)
  for (let turn = 0; turn < 2; turn += 1) {
    for (const { datagram } of a.takeOutputs()) b.receive(datagram, 0, datagram.length, AT_A, 0)
    for (const { datagram } of b.takeOutputs()) a.receive(datagram, 0, datagram.length, AT_B, 0)
  }
  return { a, b, buffer }
}

function writePacket(buffer: Uint8Array): void {
  buffer.set([0x45, 0, 0, 60], SEAL_HEADROOM)
  buffer.set([10, 9, 0, 1, 10, 9, 0, 2], SEAL_HEADROOM + 12)
}

test('a peer with a keepalive whose endpoint comes later is called as soon as it has one', () => {
  const device = newDevice()
  const peer = { publicKey: publicKey(2), persistentKeepaliveSeconds: 25 }
  device.configure({ privateKey: privateKey(1), peers: [peer] }, 0)
  assert.equal(device.takeOutputs().length, 0)
  device.configure({ peers: [{ publicKey: publicKey(2), endpoint: AT_B }] }, 10)
  assert.equal(device.takeOutputs().length, 1)
})

test('a snapshot says what was configured', () => {
  const device = newDevice()
  const peer = {
    publicKey: publicKey(2),
    presharedKey: privateKey(9),
    endpoint: AT_B,
    allowedIPs: ['10.0.0.0/8', 'fd00::/8'],
    persistentKeepaliveSeconds: 25,
  }
  device.configure({ privateKey: privateKey(1), listenPort: 51_820, fwmark: 7, peers: [peer] }, 0)
  assert.deepEqual(device.snapshot(), {
    privateKey: privateKey(1),
    publicKey: publicKey(1),
    listenPort: 51_820,
    fwmark: 7,
    peers: [{ ...peer, lastHandshakeMs: undefined, rxBytes: 0, txBytes: 148 }],
  })
})

test('a change touches only what it names', () => {
  const device = newDevice()
  const peer = { publicKey: publicKey(2), allowedIPs: ['10.0.0.1/32'], endpoint: AT_B }
  device.configure({ privateKey: privateKey(1), peers: [peer] }, 0)
  device.configure({ peers: [{ publicKey: publicKey(2), allowedIPs: ['10.0.0.2/32'] }] }, 0)
  assert.deepEqual(device.snapshot().peers[0]?.allowedIPs, ['10.0.0.1/32', '10.0.0.2/32'])
  device.configure({ peers: [{ publicKey: publicKey(2), removedAllowedIPs: ['10.0.0.1/32'] }] }, 0)
  device.configure({ peers: [{ publicKey: publicKey(3), updateOnly: true }] }, 0)
  assert.deepEqual(
    device.snapshot().peers.map(({ allowedIPs, endpoint }) => ({ allowedIPs, endpoint })),
    [{ allowedIPs: ['10.0.0.2/32'], endpoint: AT_B }],
  )
  device.configure({ peers: [{ publicKey: publicKey(2), replaceAllowedIPs: true }] }, 0)
  assert.deepEqual(device.snapshot().peers[0]?.allowedIPs, [])
  device.configure({ peers: [{ publicKey: publicKey(2), remove: true }] }, 0)
  assert.deepEqual(device.snapshot().peers, [])
})

test('replacePeers forgets every peer that was there', () => {
  const { a, buffer } = connected()
  a.configure({ replacePeers: true, peers: [{ publicKey: publicKey(5), allowedIPs: ['10.9.0.2/32'] }] }, 0)
  assert.deepEqual(
    a.snapshot().peers.map((peer) => peer.publicKey),
    [publicKey(5)],
  )
  assert.equal(a.peerFor(buffer, SEAL_HEADROOM)?.publicKey, publicKey(5))
})

test('a device is no peer of itself, whichever comes first', () => {
  const device = newDevice()
  device.configure({ privateKey: privateKey(1), peers: [{ publicKey: publicKey(1) }] }, 0)
  assert.deepEqual(device.snapshot().peers, [])
  device.configure({ peers: [{ publicKey: publicKey(2) }] }, 0)
  device.configure({ privateKey: privateKey(2) }, 0)
  assert.deepEqual(device.snapshot().peers, [])
})

test('a new private key ends all sessions, and the same one again ends none', () => {
  const { a, buffer } = connected()
  const peer = a.peerFor(buffer, SEAL_HEADROOM)!
  a.configure({ privateKey: privateKey(1) }, 1)
  writePacket(buffer)
  assert.equal(a.seal(peer, buffer, SEAL_HEADROOM, 60, 1), 96)
  a.configure({ privateKey: privateKey(7) }, 1)
  assert.equal(a.seal(peer, buffer, SEAL_HEADROOM, 60, 1), 0)
  a.configure({ privateKey: ZERO_KEY }, 1)
  assert.equal(a.snapshot().privateKey, undefined)
})

test('a device without a private key answers no handshake and says why', () => {
  const device = newDevice()
  const initiation = new Uint8Array(148)
  initiation[0] = 1
  assert.equal(device.receive(initiation, 0, 148, AT_A, 0).reason, 'no-private-key')
  device.configure({ peers: [{ publicKey: publicKey(2), endpoint: AT_B, persistentKeepaliveSeconds: 5 }] }, 0)
  assert.deepEqual(device.takeOutputs(), [])
})

test('a peer to be kept alive is called as soon as its endpoint is known', () => {
  const device = newDevice()
  const peer = { publicKey: publicKey(2), persistentKeepaliveSeconds: 25 }
  device.configure({ privateKey: privateKey(1), peers: [peer] }, 0)
  assert.deepEqual(device.takeOutputs(), [])
  device.configure({ peers: [{ publicKey: publicKey(2), endpoint: AT_B }] }, 1_000)
  assert.deepEqual(
    device.takeOutputs().map(({ datagram, to }) => ({ type: datagram[0], to })),
    [{ type: 1, to: AT_B }],
  )
})

test('no dump of a device, a peer or what it received shows a key', () => {
  const { a, b, buffer } = connected()
  a.configure({ peers: [{ publicKey: publicKey(2), presharedKey: privateKey(9) }] }, 0)
  const peer = a.peerFor(buffer, SEAL_HEADROOM)!
  const length = a.seal(peer, buffer, SEAL_HEADROOM, 60, 0)
  const things = [a, peer, b.receive(buffer, 0, length, AT_A, 0)]
  for (const thing of things) {
    const dump = inspect(thing, { depth: null, showHidden: true }) + JSON.stringify(thing)
    // Every secret of these tests is one byte, repeated.
    for (const fill of [1, 2, 9]) {
      assert.ok(!dump.includes(privateKey(fill)))
      assert.ok(!dump.replaceAll(/\s/g, '').includes(`${fill},`.repeat(20)))
    }
  }
})

test('bytes from strangers are counted by reason', () => {
  const { b } = connected()
  const rows = [
    { given: new Uint8Array(31), want: 'malformed' },
    { given: Uint8Array.of(9, ...new Uint8Array(60)), want: 'malformed' },
    { given: Uint8Array.of(1, ...new Uint8Array(147)), want: 'wrong-mac1' },
    { given: Uint8Array.of(4, 0, 0, 0, 1, 2, 3, 4, ...new Uint8Array(40)), want: 'unknown-index' },
    { given: Uint8Array.of(4, 0, 0, 0, 255, 255, 255, 255, ...new Uint8Array(40)), want: 'unknown-index' },
    { given: Uint8Array.of(3, ...new Uint8Array(63)), want: 'unknown-index' },
  ] as const
  for (const { given, want } of rows) {
    const before = b.drops[want]
    const received = b.receive(Uint8Array.from(given), 0, given.length, AT_A, 0)
    assert.deepEqual([received.kind, received.reason, b.drops[want]], ['drop', want, before + 1])
  }
})

test('only whole IP packets with the peer’s own source come out, cut to their length', () => {
  const inet6 = (source: number): Uint8Array => {
    const packet = new Uint8Array(48)
    packet.set([0x60, 0, 0, 0, 0, 8])
    packet.set([0xfd, 0], 8)
    packet[23] = source
    packet.set([0xfd, 0], 24)
    packet[39] = 2
    return packet
  }
  const inet = (length: number, source = 1): Uint8Array => {
    const packet = new Uint8Array(24)
    packet.set([0x45, 0, 0, length])
    packet.set([10, 9, 0, source, 10, 9, 0, 2], 12)
    return packet
  }
  const rows = [
    { name: 'IPv6', given: inet6(1), want: 48 },
    { name: 'IPv6 of somebody else', given: inet6(9), want: 'wrong-source' },
    { name: 'IPv4', given: inet(24), want: 24 },
    { name: 'IPv4 of somebody else', given: inet(24, 9), want: 'wrong-source' },
    { name: 'shorter than sent', given: inet(21), want: 21 },
    { name: 'longer than sent', given: inet(40), want: 'malformed-packet' },
    { name: 'shorter than a header', given: inet(8), want: 'malformed-packet' },
    { name: 'no IP version', given: new Uint8Array(24), want: 'malformed-packet' },
    { name: 'IPv6 cut short', given: inet6(1).subarray(0, 30), want: 'malformed-packet' },
    { name: 'a single byte', given: Uint8Array.of(0x45), want: 'malformed-packet' },
  ] as const
  const { a, b, buffer } = connected()
  const peer = a.peerFor(buffer, SEAL_HEADROOM)!
  for (const { name, given, want } of rows) {
    const slot = new Uint8Array(SEAL_HEADROOM + given.length + SEAL_TAILROOM)
    slot.set(given, SEAL_HEADROOM)
    const length = a.seal(peer, slot, SEAL_HEADROOM, given.length, 0)
    const received = b.receive(slot, 0, length, AT_A, 0)
    assert.equal(received.kind === 'packet' ? received.length : received.reason, want, name)
  }
})

test('seal() throws rather than write beyond the buffer', () => {
  const { a, buffer } = connected()
  const peer = a.peerFor(buffer, SEAL_HEADROOM)!
  assert.throws(() => a.seal(peer, buffer, SEAL_HEADROOM - 1, 60, 0), RangeError)
  assert.throws(() => a.seal(peer, buffer, SEAL_HEADROOM, 80, 0), RangeError)
})
