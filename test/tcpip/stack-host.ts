/**
 * One stack under a clock that only the test moves. A turn is what it is in production: packets are received, then
 * streams are told, then everything that the stack wants to send is taken. Promises that hold for any run are
 * checked here: `emit` comes to an end, packets fit the MTU, a deadline that has passed is dealt with.
 */
import assert from 'node:assert/strict'
import {
  createStack,
  type StackDrop,
  type StackOptions,
  type TcpIpStack,
} from '../../src/protocols/tcpip/index.ts'
import { allocatePacketMemory } from '../../src/protocols/packet-memory/index.ts'
import { mulberry32 } from '../sim/wireguard-network.ts'

export interface StackHostOptions extends Partial<Omit<StackOptions, 'random'>> {
  readonly seed?: number
  readonly onPacket: (packet: Uint8Array, nowMs: number) => void
}

const OUT = 0
/** More than any window of ours holds. */
const MAX_PACKETS_A_TURN = 20_000
const MAX_ROUNDS_AT_ONCE = 20
// One for all of them: nothing of a packet outlives the call that was given it. What arrives lies at the very end, so
// that whoever reads beyond it meets no bytes at all.
const memory = allocatePacketMemory(140_000)

export class StackHost {
  readonly stack: TcpIpStack
  readonly #onPacket: StackHostOptions['onPacket']
  #nowMs: number
  #mtuBytes: number
  #steppedAtMs = -1
  #roundsAtOnce = 0

  constructor({ seed = 1, onPacket, nowMs = 1_000, mtuBytes = 1500, ...options }: StackHostOptions) {
    const random = mulberry32(seed)
    this.#nowMs = nowMs
    this.#mtuBytes = mtuBytes
    this.#onPacket = onPacket
    this.stack = createStack({
      addresses: ['10.0.0.1', 'fd00::1'],
      checkChecksums: true,
      ...options,
      ...{
        nowMs,
        mtuBytes,
        random: (length) => Uint8Array.from({ length }, () => Math.floor(random() * 256)),
      },
    })
  }

  get nowMs(): number {
    return this.#nowMs
  }

  set mtuBytes(mtuBytes: number) {
    this.#mtuBytes = mtuBytes
    this.stack.setMtu(mtuBytes)
  }

  /** Only received: what comes of it shows in the next `turn`. */
  receive(packet: Uint8Array): StackDrop | undefined {
    const at = memory.bytes.length - packet.length
    memory.bytes.set(packet, at)
    return this.stack.receive(memory, at, packet.length, this.#nowMs)
  }

  turn(): void {
    this.stack.notify()
    for (let count = 0; ; count++) {
      const length = this.stack.emit(memory, OUT, this.#nowMs)
      if (length === 0) return
      assert.ok(length <= this.#mtuBytes, `a packet of ${length} bytes over an MTU of ${this.#mtuBytes}`)
      assert.ok(count < MAX_PACKETS_A_TURN, 'emit() comes to an end')
      this.#onPacket(memory.bytes.slice(OUT, OUT + length), this.#nowMs)
    }
  }

  /** To the next deadline, at most to `untilMs`; true: there was one before it. */
  step(untilMs: number): boolean {
    const deadline = this.stack.nextDeadline()
    if (deadline === undefined || deadline > untilMs) {
      this.#nowMs = Math.max(this.#nowMs, untilMs)
      return false
    }
    this.#nowMs = Math.max(this.#nowMs, Math.ceil(deadline))
    this.#roundsAtOnce = this.#nowMs > this.#steppedAtMs ? 0 : this.#roundsAtOnce + 1
    this.#steppedAtMs = this.#nowMs
    assert.ok(
      this.#roundsAtOnce < MAX_ROUNDS_AT_ONCE,
      'a deadline that has passed is dealt with by advance()',
    )
    this.stack.advance(this.#nowMs)
    this.turn()
    return true
  }

  run(durationMs: number): void {
    const until = this.#nowMs + durationMs
    while (this.step(until));
  }

  /** Without looking at deadlines: whoever drives several hosts has done so. */
  moveTo(nowMs: number): void {
    this.#nowMs = Math.max(this.#nowMs, nowMs)
  }
}

/** The byte at a position of a stream: bytes that went astray show. */
export function patternByte(position: number, salt: number): number {
  return (position * 7 + (position >> 8) * 13 + (position >> 16) * 29 + salt) & 0xff
}

export function pattern(position: number, length: number, salt: number): Uint8Array {
  const bytes = new Uint8Array(length)
  for (let index = 0; index < length; index++) bytes[index] = patternByte(position + index, salt)
  return bytes
}

/** Where `bytes` first differ from the stream's at `position`; -1: nowhere. */
export function firstDifference(bytes: Uint8Array, position: number, salt: number): number {
  for (let index = 0; index < bytes.length; index++) {
    if (bytes[index] !== patternByte(position + index, salt)) return index
  }
  return -1
}
