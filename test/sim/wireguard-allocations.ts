/**
 * Bytes of heap that sealing and receiving one packet take, as JSON. Run with a young generation that nothing
 * here can fill (wireguard-allocations.test.ts does), so that no collection hides what was allocated.
 */
import { encodeKey } from '../../src/protocols/wireguard/formats/index.ts'
import { keyPairOf } from '../../src/protocols/wireguard/crypto.ts'
import { SEAL_HEADROOM, SEAL_TAILROOM, WireGuardDevice } from '../../src/protocols/wireguard/index.ts'
import type { Aead } from '../../src/protocols/wireguard/index.ts'

/** Whoever wants to see the measurement fail passes `--leak`. */
const leaks = process.argv.includes('--leak')
const PACKETS = 200_000
const LENGTH = 60
/** Not whole, because the clock's are not. */
const NOW_MS = 1.5
const AT_A = { address: '192.0.2.1', port: 1 }
const AT_B = { address: '192.0.2.2', port: 2 }

const noCipher: Aead = { key: () => ({ seal() {}, open: () => true, dispose() {} }) }
const secret = (fill: number): Uint8Array => new Uint8Array(32).fill(fill)
const publicKey = (fill: number): string => encodeKey(keyPairOf(secret(fill)).publicKey)
let drawn = 0
const random = (length: number): Uint8Array => new Uint8Array(length).fill((drawn += 1))

function newDevice(self: number, other: number): WireGuardDevice {
  const device = new WireGuardDevice({ aead: noCipher, random, wallClockMs: () => 0, mtuBytes: 1420 })
  const peer = { publicKey: publicKey(other), endpoint: AT_B, allowedIPs: [`10.9.0.${other}/32`] }
  device.configure({ privateKey: encodeKey(secret(self)), peers: [peer] }, 0)
  return device
}

const a = newDevice(1, 2)
const b = newDevice(2, 1)
const buffer = new Uint8Array(SEAL_HEADROOM + LENGTH + SEAL_TAILROOM)
buffer.set([0x45, 0, 0, LENGTH], SEAL_HEADROOM)
buffer.set([10, 9, 0, 1, 10, 9, 0, 2], SEAL_HEADROOM + 12)
const kept: object[] = []

function pass(): void {
  const peer = a.peerFor(buffer, SEAL_HEADROOM)
  if (!peer) throw new Error('no peer')
  const length = a.seal(peer, buffer, SEAL_HEADROOM, LENGTH, NOW_MS)
  if (b.receive(buffer, 0, length, AT_A, NOW_MS).kind !== 'packet') throw new Error('the packet was dropped')
  if (leaks) kept.push({ length })
}

a.seal(a.peerFor(buffer, SEAL_HEADROOM)!, buffer, SEAL_HEADROOM, LENGTH, 0)
for (let turn = 0; turn < 2; turn += 1) {
  for (const { datagram } of a.takeOutputs()) b.receive(datagram, 0, datagram.length, AT_A, 0)
  for (const { datagram } of b.takeOutputs()) a.receive(datagram, 0, datagram.length, AT_B, 0)
}
// Until the optimising compiler has settled, numbers are boxed.
for (let packet = 0; packet < PACKETS; packet += 1) pass()
const before = process.memoryUsage().heapUsed
for (let packet = 0; packet < PACKETS; packet += 1) pass()
console.log(JSON.stringify({ bytesPerPacket: (process.memoryUsage().heapUsed - before) / PACKETS }))
