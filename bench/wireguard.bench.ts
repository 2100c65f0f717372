/**
 * The WireGuard state machine alone, packet by packet, in memory: what it costs beside the cipher it calls. The
 * contestant `no cipher` does everything but encrypt, so it is the price of the TypeScript.
 */
import { createHash, randomBytes } from 'node:crypto'
import { loadChachaAead, loadEvpAead } from '../src/linux/index.ts'
import { encodeKey } from '../src/protocols/wireguard/formats/index.ts'
import { keyPairOf } from '../src/protocols/wireguard/crypto.ts'
import { nodeAead, SEAL_HEADROOM, WireGuardDevice } from '../src/protocols/wireguard/index.ts'
import type { Aead, Peer } from '../src/protocols/wireguard/index.ts'
import type { Benchmark, BenchContext, BenchRow } from './benchmark.ts'

const SLOT_BYTES = 2048
const BATCH = 64
const BATCHES = 400
const ROUNDS = 7
const PEERS = 1000

const noCipher: Aead = { key: () => ({ seal() {}, open: () => true, dispose() {} }) }
const CIPHERS: readonly (readonly [string, Aead])[] = [
  ['warren', loadChachaAead() ?? loadEvpAead() ?? nodeAead],
  ['node:crypto', nodeAead],
  ['no cipher', noCipher],
]

export const benchmark: Benchmark = {
  title: 'The WireGuard state machine',
  about:
    `Two devices in one process, ${PEERS.toLocaleString('en')} peers each, packets in one buffer as from the kernel. ` +
    `Microseconds a packet, the best of ${ROUNDS} rounds of ${(BATCH * BATCHES).toLocaleString('en')}; ` +
    'routing, counters, replay window and timers included, system calls not. A handshake is all four messages of ' +
    'two devices until the first packet is delivered.',
  // The runner awaits it, though nothing here waits.
  run: async (context) => [...packetRows(context), handshakeRow()],
}

function packetRows({ say }: BenchContext): BenchRow[] {
  const rows: BenchRow[] = []
  for (const length of [1420, 52]) {
    const seal: Record<string, number> = {}
    const receive: Record<string, number> = {}
    for (const [name, aead] of CIPHERS) {
      say(`${length} bytes, ${name}`)
      const figures = new Conversation(aead).measure(length)
      seal[name] = figures.sealUs
      receive[name] = figures.receiveUs
    }
    rows.push({ what: `Route and seal ${length} bytes`, unit: 'µs', better: 'less', figures: seal })
    rows.push({ what: `Open and check ${length} bytes`, unit: 'µs', better: 'less', figures: receive })
  }
  return rows
}

function handshakeRow(): BenchRow {
  let best = Number.POSITIVE_INFINITY
  for (let round = 0; round < 100; round += 1) {
    const conversation = new Conversation(nodeAead, 1)
    const startedAt = performance.now()
    conversation.handshake()
    best = Math.min(best, performance.now() - startedAt)
  }
  return { what: 'A handshake, both sides', unit: 'ms', better: 'less', figures: { warren: best } }
}

class Conversation {
  readonly #buffer = new Uint8Array(SLOT_BYTES * BATCH)
  readonly #a: WireGuardDevice
  readonly #b: WireGuardDevice
  readonly #toB: Peer
  readonly #atA = { address: '192.0.2.1', port: 1 }
  readonly #atB = { address: '192.0.2.2', port: 2 }

  constructor(aead: Aead, peers = PEERS) {
    this.#a = newDevice(aead, 'a', { name: 'b', endpoint: this.#atB, prefix: '10.9.0.2/32' }, peers)
    this.#b = newDevice(aead, 'b', { name: 'a', endpoint: this.#atA, prefix: '10.9.0.1/32' }, peers)
    this.#buffer.set([0x45, 0, 0, 60])
    this.#writePackets(60)
    this.#toB = this.#a.peerFor(this.#buffer, SEAL_HEADROOM)!
  }

  measure(length: number): { sealUs: number; receiveUs: number } {
    this.handshake()
    let sealUs = Number.POSITIVE_INFINITY
    let receiveUs = Number.POSITIVE_INFINITY
    for (let round = 0; round < ROUNDS; round += 1) {
      let sealed = 0
      let received = 0
      for (let batch = 0; batch < BATCHES; batch += 1) {
        this.#writePackets(length)
        const start = performance.now()
        const datagram = this.#sealBatch(length)
        const middle = performance.now()
        this.#receiveBatch(datagram)
        received += performance.now() - middle
        sealed += middle - start
      }
      sealUs = Math.min(sealUs, (sealed * 1000) / (BATCH * BATCHES))
      receiveUs = Math.min(receiveUs, (received * 1000) / (BATCH * BATCHES))
    }
    return { sealUs, receiveUs }
  }

  handshake(): void {
    this.#a.seal(this.#toB, this.#buffer, SEAL_HEADROOM, 60, 1)
    for (let turn = 0; turn < 2; turn += 1) {
      for (const { datagram } of this.#a.takeOutputs())
        this.#b.receive(datagram, 0, datagram.length, this.#atA, 1)
      for (const { datagram } of this.#b.takeOutputs())
        this.#a.receive(datagram, 0, datagram.length, this.#atB, 1)
    }
  }

  #sealBatch(length: number): number {
    const buffer = this.#buffer
    let datagram = 0
    for (let slot = 0; slot < BATCH; slot += 1) {
      const at = slot * SLOT_BYTES + SEAL_HEADROOM
      const peer = this.#a.peerFor(buffer, at)!
      datagram = this.#a.seal(peer, buffer, at, length, 2)
    }
    return datagram
  }

  #receiveBatch(datagram: number): void {
    for (let slot = 0; slot < BATCH; slot += 1) {
      const { kind, reason } = this.#b.receive(this.#buffer, slot * SLOT_BYTES, datagram, this.#atA, 2)
      if (kind !== 'packet') throw new Error(`a packet of the benchmark was dropped: ${reason}`)
    }
  }

  #writePackets(length: number): void {
    for (let slot = 0; slot < BATCH; slot += 1) {
      const at = slot * SLOT_BYTES + SEAL_HEADROOM
      this.#buffer.set([0x45, 0, length >> 8, length & 0xff], at)
      this.#buffer.set([10, 9, 0, 1, 10, 9, 0, 2], at + 12)
    }
  }
}

interface Other {
  readonly name: string
  readonly endpoint: { readonly address: string; readonly port: number }
  readonly prefix: string
}

function newDevice(aead: Aead, name: string, other: Other, peers: number): WireGuardDevice {
  const random = (length: number): Uint8Array => randomBytes(length)
  const device = new WireGuardDevice({ aead, random, wallClockMs: () => Date.now(), mtuBytes: 1420 })
  const crowd = Array.from({ length: peers - 1 }, (_, index) => ({
    publicKey: encodeKey(keyBytes(`crowd ${index}`)),
    allowedIPs: [`10.9.${1 + (index >> 8)}.${index & 255}/32`],
  }))
  const { endpoint, prefix } = other
  const publicKey = encodeKey(keyPairOf(keyBytes(other.name)).publicKey)
  const privateKey = encodeKey(keyBytes(name))
  device.configure({ privateKey, peers: [...crowd, { publicKey, endpoint, allowedIPs: [prefix] }] }, 0)
  return device
}

const keyBytes = (name: string): Uint8Array => createHash('sha256').update(`benchmark ${name}`).digest()
