/** WireGuard: datagrams from strangers, to the codec and to a device with a session; and a peer's inner packets. */
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { CookieJar } from '../../../src/protocols/wireguard/cookie.ts'
import { encodeKey } from '../../../src/protocols/wireguard/formats/index.ts'
import { keyPairOf } from '../../../src/protocols/wireguard/crypto.ts'
import {
  nodeAead,
  SEAL_HEADROOM,
  SEAL_TAILROOM,
  WireGuardDevice,
} from '../../../src/protocols/wireguard/index.ts'
import {
  decodeMessage,
  encodeCookieReply,
  encodeInitiation,
  encodeResponse,
} from '../../../src/protocols/wireguard/messages.ts'
import type { Message } from '../../../src/protocols/wireguard/messages.ts'
import type { Capture } from '../../vectors/capture.ts'
import type { FuzzTarget } from '../target.ts'

const AT_A = { address: '192.0.2.1', port: 1 }
const AT_B = { address: '192.0.2.2', port: 2 }

export const wireguardTargets: readonly FuzzTarget[] = [
  {
    name: 'wireguard-message',
    kind: 'bytes',
    seeds: recordedDatagrams,
    run(input) {
      const message = decodeMessage(input)
      if (!message) return 'refused'
      const again = encode(message)
      if (again) assert.deepEqual(again, input)
      return message.kind
    },
  },
  {
    name: 'wireguard-stranger',
    kind: 'bytes',
    seeds: strangerSeeds,
    run(input) {
      const { b } = session()
      const received = b.receive(input, 0, input.length, { address: '198.51.100.9', port: input.length }, 1)
      b.takeOutputs()
      assert.notEqual(received.kind, 'packet', 'a stranger got a packet in')
      assert.deepEqual(b.snapshot().peers[0]?.endpoint, AT_A, 'a stranger moved the peer')
      return received.reason ?? received.kind
    },
  },
  {
    name: 'wireguard-handshake',
    kind: 'bytes',
    seeds: () => session().wire.slice(0, 2),
    // MAC1 needs only the public key: with it a stranger's message gets as far as the Diffie-Hellman.
    run(input) {
      const { b } = session()
      if (input.length >= 92) new CookieJar(keyPairOf(secretOf('b')).publicKey).sign(input, 0)
      const received = b.receive(input, 0, input.length, { address: '198.51.100.9', port: 9 }, 1)
      const answers = b.takeOutputs().filter(({ datagram }) => datagram[0] !== 3)
      assert.deepEqual(answers, [], 'a stranger got an answer')
      assert.notEqual(received.kind, 'packet')
      return received.reason ?? received.kind
    },
  },
  {
    name: 'wireguard-inner-packet',
    kind: 'bytes',
    seeds: () => [innerPacket(), Uint8Array.of(0x60), new Uint8Array(60).fill(0x60)],
    run(input) {
      const { a, b } = session()
      const packet = input.subarray(0, 1420)
      const buffer = new Uint8Array(SEAL_HEADROOM + packet.length + SEAL_TAILROOM)
      buffer.set(packet, SEAL_HEADROOM)
      const length = a.seal(a.peerFor(innerPacket(), 0)!, buffer, SEAL_HEADROOM, packet.length, 1)
      assert.ok(length > 0, 'the session is gone')
      const received = b.receive(buffer, 0, length, AT_A, 1)
      if (received.kind !== 'packet') return received.reason ?? received.kind
      assert.ok(received.length >= 20 && received.offset + received.length <= length - 16)
      return `IPv${buffer[received.offset]! >> 4}`
    },
  },
]

function encode(message: Message): Uint8Array | undefined {
  if (message.kind === 'cookie-reply') return encodeCookieReply(message)
  if (message.kind === 'transport') return undefined
  const datagram =
    message.kind === 'initiation' ? encodeInitiation(message.sender, message.noise) : encodeResponse(message)
  datagram.set(message.mac1, datagram.length - 32)
  datagram.set(message.mac2, datagram.length - 16)
  return datagram
}

interface Session {
  readonly a: WireGuardDevice
  readonly b: WireGuardDevice
  /** What went over the wire to make it. */
  readonly wire: readonly Uint8Array[]
}

let shared: Session | undefined

/** Made once: no input may break it for those that follow. */
function session(): Session {
  return (shared ??= connect())
}

function connect(): Session {
  const a = newDevice('a', { publicKey: publicKeyOf('b'), endpoint: AT_B, allowedIPs: ['10.9.0.2/32'] })
  // A has a whole prefix and every IPv6 address, so that mutated sources are taken too.
  const b = newDevice('b', {
    publicKey: publicKeyOf('a'),
    endpoint: AT_A,
    allowedIPs: ['10.0.0.0/8', '::/0'],
  })
  const wire: Uint8Array[] = []
  const buffer = new Uint8Array(SEAL_HEADROOM + 64 + SEAL_TAILROOM)
  buffer.set(innerPacket(), SEAL_HEADROOM)
  a.seal(a.peerFor(buffer, SEAL_HEADROOM)!, buffer, SEAL_HEADROOM, 64, 0)
  for (let turn = 0; turn < 2; turn += 1) {
    for (const { datagram } of a.takeOutputs()) {
      wire.push(datagram.slice())
      b.receive(datagram, 0, datagram.length, AT_A, 0)
    }
    for (const { datagram } of b.takeOutputs()) {
      wire.push(datagram.slice())
      a.receive(datagram, 0, datagram.length, AT_B, 0)
    }
  }
  return { a, b, wire }
}

function strangerSeeds(): Uint8Array[] {
  return [...session().wire, ...recordedDatagrams(), new Uint8Array(64).fill(3)]
}

function recordedDatagrams(): Uint8Array[] {
  const folder = new URL('../../vectors/captures/', import.meta.url)
  return readdirSync(folder).flatMap((name) => {
    const { events } = JSON.parse(readFileSync(new URL(name, folder), 'utf8')) as Capture
    const received = events.filter(({ does }) => does === 'receive').map(({ bytes }) => bytes)
    return [...received, ...events.flatMap(({ sent }) => sent)].map((hex) =>
      Uint8Array.from(Buffer.from(hex, 'hex')),
    )
  })
}

function newDevice(
  name: string,
  peer: { publicKey: string; endpoint: typeof AT_A; allowedIPs: string[] },
): WireGuardDevice {
  let drawn = 0
  const random = (length: number): Uint8Array =>
    Uint8Array.from(
      createHash('sha512')
        .update(`${name} ${(drawn += 1)}`)
        .digest()
        .subarray(0, length),
    )
  const device = new WireGuardDevice({
    ...{ aead: nodeAead, random, wallClockMs: () => 1.7e12, mtuBytes: 1420 },
    // Never: the clock stands still here.
    underLoadAbove: Number.POSITIVE_INFINITY,
  })
  device.configure({ privateKey: encodeKey(secretOf(name)), peers: [peer] }, 0)
  return device
}

const secretOf = (name: string): Uint8Array => createHash('sha256').update(`fuzz ${name}`).digest()
const publicKeyOf = (name: string): string => encodeKey(keyPairOf(secretOf(name)).publicKey)

function innerPacket(): Uint8Array {
  const packet = new Uint8Array(64)
  packet.set([0x45, 0, 0, 64])
  packet.set([10, 9, 0, 1, 10, 9, 0, 2], 12)
  return packet
}
