/**
 * Watches one connection from between its ends and holds both to what RFC 9293 promises the other: nobody sends
 * beyond the window that was opened to it, takes a window back, acknowledges what was not sent, or says other bytes
 * at a place where it has said some.
 */
import assert from 'node:assert/strict'
import { firstDifference } from '../tcpip/stack-host.ts'
import { ACK, decodeSegment, FIN, RST, SYN, type Segment } from '../tcpip/wire/segment.ts'
import type { Side } from './tcpip-path.ts'

interface End {
  iss: number | undefined
  /** Behind everything that was ever sent, relative to `iss`. */
  sentUpTo: number
  /** The right edge of the window that it opened, relative to the other's first number. */
  edge: number
  shift: number | undefined
}

const end = (): End => ({ iss: undefined, sentUpTo: 0, edge: 0, shift: undefined })

export class ConnectionWatch {
  readonly #ends = { left: end(), right: end() }
  readonly #salts: Readonly<Record<Side, number>>
  segments = 0
  retransmittedBytes = 0

  constructor(salts: Readonly<Record<Side, number>>) {
    this.#salts = salts
  }

  see(side: Side, packet: Uint8Array): void {
    const segment = decodeSegment(packet)
    if (segment === undefined || segment.flags & RST) return
    this.segments++
    const [mine, other] = [this.#ends[side], this.#ends[side === 'left' ? 'right' : 'left']]
    this.#seeNumbers(mine, segment, { other, salt: this.#salts[side] })
    if (segment.flags & ACK && other.iss !== undefined) this.#seeWindow(mine, other, segment)
  }

  #seeNumbers(mine: End, segment: Segment, { other, salt }: { other: End; salt: number }): void {
    const { flags, payload } = segment
    if (flags & SYN) {
      assert.equal(mine.iss ?? segment.sequence, segment.sequence, 'a SYN sent again has the same number')
      mine.iss = segment.sequence
      mine.shift = segment.options.windowScale
    }
    assert.ok(mine.iss !== undefined, 'a SYN comes first')
    const start = (segment.sequence - mine.iss) | 0
    const length = payload.length + (flags & FIN ? 1 : 0) + (flags & SYN ? 1 : 0)
    const upTo = start + length
    if (payload.length > 0) {
      if (start >= 1) assert.equal(firstDifference(payload, start - 1, salt), -1, `the bytes at ${start - 1}`)
      // One byte beyond a closed window is a probe (RFC 9293 §3.8.6.1).
      assert.ok(start + payload.length <= other.edge + 1, `${start + payload.length} beyond ${other.edge}`)
      this.retransmittedBytes += Math.max(0, Math.min(upTo, mine.sentUpTo) - start)
    }
    mine.sentUpTo = Math.max(mine.sentUpTo, upTo)
  }

  #seeWindow(mine: End, other: End, { flags, acknowledgment, window }: Segment): void {
    const acked = (acknowledgment - (other.iss ?? 0)) | 0
    assert.ok(acked <= other.sentUpTo, `${acked} is acknowledged, ${other.sentUpTo} was sent`)
    const scales = mine.shift !== undefined && other.shift !== undefined && !(flags & SYN)
    const shift = scales ? Math.min(mine.shift ?? 0, 14) : 0
    const edge = acked + window * 2 ** shift
    // The last bits of a window are cut off by the shift (RFC 7323 §2.4).
    assert.ok(edge > mine.edge - 2 ** shift - 1, `the right edge goes back from ${mine.edge} to ${edge}`)
    mine.edge = Math.max(mine.edge, edge)
  }
}
