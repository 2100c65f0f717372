/** A stack of protocols/tcpip between two hands: packets are given to it as bytes, and taken from it as bytes. */
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { allocatePacketMemory } from '../../src/protocols/packet-memory/index.ts'
import type { LayerContext } from '../../src/protocols/tcpip/layers.ts'
import type { StackDrop, StackOptions } from '../../src/protocols/tcpip/index.ts'
import { Stack, type TcpPart } from '../../src/protocols/tcpip/stack.ts'
import { withoutTcp } from '../../src/protocols/tcpip/without-tcp.ts'

/** Not next to each other: what writes beyond its place is noticed. */
const IN = 1_024
const OUT = 100_000
const LARGEST = 9_200
const MARGIN = 64
const RUBBISH = 0xee

/** Bytes that differ from call to call and are the same in every run. */
export function countedRandom(seed = 'seed'): (length: number) => Uint8Array {
  let calls = 0
  return (length) => {
    const hash = createHash('shake256', { outputLength: length })
    return new Uint8Array(hash.update(`${seed} ${calls++}`).digest())
  }
}

export class StackUnderTest {
  readonly memory = allocatePacketMemory(300_000)
  readonly stack: Stack
  nowMs = 1_000

  constructor(
    options: Partial<StackOptions> = {},
    tcp: (context: LayerContext, nowMs: number) => TcpPart = withoutTcp,
  ) {
    const addresses = ['10.0.0.1', 'fd00::1']
    const random = countedRandom()
    this.stack = new Stack({ addresses, mtuBytes: 1_420, random, nowMs: this.nowMs, ...options }, tcp)
  }

  receive(packet: Uint8Array): StackDrop | undefined {
    this.memory.bytes.set(packet, IN)
    const refused = this.stack.receive(this.memory, IN, packet.length, this.nowMs)
    // Packets are borrowed only: whoever kept a view of this one reads garbage now.
    this.memory.bytes.fill(0xee, IN, IN + packet.length)
    return refused
  }

  /** All that it wants to send. Written into rubbish, of which nothing may be left inside, and all around it. */
  sent(): Buffer[] {
    const packets: Buffer[] = []
    const { bytes } = this.memory
    for (;;) {
      bytes.fill(RUBBISH, OUT - MARGIN, OUT + LARGEST)
      const length = this.stack.emit(this.memory, OUT, this.nowMs)
      const isUntouched = (from: number, to: number) =>
        bytes.subarray(from, to).every((byte) => byte === RUBBISH)
      assert.ok(isUntouched(OUT - MARGIN, OUT) && isUntouched(OUT + length, OUT + length + MARGIN))
      if (length === 0) return packets
      packets.push(Buffer.from(bytes.slice(OUT, OUT + length)))
    }
  }

  /** Time passes, and what is due happens. */
  pass(ms: number): void {
    this.nowMs += ms
    this.stack.advance(this.nowMs)
    this.stack.notify()
  }
}

/** What each sends reaches the other, until both are silent. */
export function shuttle(a: StackUnderTest, b: StackUnderTest): number {
  let packets = 0
  for (let moved = true; moved; ) {
    moved = false
    for (const [from, to] of [
      [a, b],
      [b, a],
    ] as const) {
      for (const packet of from.sent()) {
        to.receive(packet)
        packets += 1
        moved = true
      }
    }
    a.stack.notify()
    b.stack.notify()
  }
  return packets
}
