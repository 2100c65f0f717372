/**
 * Where everything that is received in one turn lies until the turn ends: one block that the kernel writes into and
 * readers look at in place. Whoever consumes all of what it got last gives the space back, so usually the same few
 * kilobytes are used again and again, and they stay in the cache.
 *
 *   0      slice     slice       at               size
 *   ├────────┼─────────┼──────────┼─────────────────┤
 */
import type { StreamCalls } from '../../linux/index.ts'

const ARENA_BYTES = 1024 * 1024

export class TurnArena {
  readonly bytes = new Uint8Array(new ArrayBuffer(ARENA_BYTES))
  readonly address: number
  /** Where the next slice begins. */
  at = 0

  constructor(calls: StreamCalls) {
    this.address = calls.addressOf(this.bytes)
  }

  get freeBytes(): number {
    return ARENA_BYTES - this.at
  }
}
