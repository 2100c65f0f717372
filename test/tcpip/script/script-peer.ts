/**
 * The other end of one connection in a packet script: turns patterns into segments and back, and knows what its
 * stream and ours must carry at every position.
 */
import assert from 'node:assert/strict'
import type { TcpStream } from '../../../src/protocols/tcpip/index.ts'
import { firstDifference, pattern } from '../stack-host.ts'
import { ACK, SYN, type Segment } from '../wire/segment.ts'
import type { TcpOptions } from '../wire/tcp-options.ts'
import { differences, flagBits } from './compare-segment.ts'
import type { OptionsPattern, SegmentPattern } from './segment-pattern.ts'

export const OUR_SALT = 17
export const PEER_SALT = 101
/** Where the peer's timestamp clock stands when ours stands at 0. */
const PEER_CLOCK_OFFSET = 500_000

export interface PeerAddress {
  readonly ours: string
  readonly theirs: string
  readonly localPort: number
  readonly remotePort: number
}

export class ScriptPeer {
  readonly name: string
  address: PeerAddress
  stream: TcpStream | undefined
  progressed = 0
  /** First sequence numbers: theirs is the script's choice, ours is seen in our SYN. */
  irs = 1_000_000
  iss: number | undefined
  window = 65_535
  /** Both said so in their SYN: then what we inject carries them too (RFC 7323 §3.2). */
  timestamps = false
  writePosition = 0
  readPosition = 0
  #lastTimestamp = 0

  constructor(name: string, address: PeerAddress) {
    this.name = name
    this.address = address
  }

  owns({ sourcePort, destinationPort, destination }: Segment): boolean {
    const { localPort, remotePort, theirs } = this.address
    return sourcePort === localPort && destinationPort === remotePort && destination === theirs
  }

  encode(wanted: SegmentPattern, nowMs: number): Segment {
    const { ours, theirs, localPort, remotePort } = this.address
    const flags = flagBits(wanted.flags)
    const sequence = known(wanted.sequence)
    const ack = wanted.ack === undefined ? 0 : known(wanted.ack) + (this.iss ?? 0)
    const position = sequence - 1 + (flags & SYN ? 1 : 0)
    return {
      ...{ source: theirs, destination: ours, sourcePort: remotePort, destinationPort: localPort, flags },
      sequence: (sequence + this.irs) >>> 0,
      acknowledgment: flags & ACK ? ack >>> 0 : 0,
      window: wanted.window === undefined ? this.window : known(wanted.window),
      urgent: wanted.urgent ?? 0,
      options: this.#options(wanted.options, nowMs),
      payload: pattern(position, known(wanted.length), PEER_SALT),
    }
  }

  /** In words, what is wrong with a segment of ours. */
  judge(wanted: SegmentPattern, segment: Segment): readonly string[] {
    return differences(wanted, segment, { sequence: this.iss ?? 0, acknowledgment: this.irs })
  }

  /** Whatever a script expects: a position of our stream always has the same byte. */
  see(segment: Segment): void {
    if (segment.flags & SYN) this.iss = segment.sequence
    if (segment.options.timestamps) this.#lastTimestamp = segment.options.timestamps.value
    if (segment.payload.length === 0 || this.iss === undefined) return
    const position = (segment.sequence - this.iss - (segment.flags & SYN ? 0 : 1)) | 0
    // A keepalive or window probe may carry a byte that was acknowledged (RFC 9293 §3.8.4): any byte.
    if (position >= 0)
      assert.equal(firstDifference(segment.payload, position, OUR_SALT), -1, 'what was written')
  }

  write(length: number): number {
    const taken = this.#stream().write(pattern(this.writePosition, length, OUR_SALT))
    this.writePosition += taken
    return taken
  }

  /** Up to `limit` bytes; every one must be what the script injected there. */
  read(limit: number): number {
    const stream = this.#stream()
    let done = 0
    while (done < limit && stream.readableBytes > 0) {
      const piece = stream.peek().subarray(0, limit - done)
      assert.ok(piece.length > 0, 'peek() shows what is readable')
      assert.equal(firstDifference(piece, this.readPosition, PEER_SALT), -1, 'what was sent')
      stream.consume(piece.length)
      this.readPosition += piece.length
      done += piece.length
    }
    return done
  }

  #stream(): TcpStream {
    assert.ok(this.stream, `${this.name} has a stream`)
    return this.stream
  }

  #options(wanted: OptionsPattern | undefined, nowMs: number): TcpOptions {
    const clock = (nowMs + PEER_CLOCK_OFFSET) >>> 0
    if (wanted === undefined) {
      return this.timestamps ? { timestamps: { value: clock, echo: this.#lastTimestamp } } : {}
    }
    const { mss, windowScale, sackPermitted, timestamps, sack } = wanted
    const edge = (value: number): number => (value + (this.iss ?? 0)) >>> 0
    const stamps = timestamps && {
      value: timestamps.value === '*' ? clock : timestamps.value >>> 0,
      echo: timestamps.echo === '*' ? this.#lastTimestamp : timestamps.echo >>> 0,
    }
    return {
      ...(mss === undefined ? {} : { mss: known(mss) }),
      ...(windowScale === undefined ? {} : { windowScale: known(windowScale) }),
      ...(sackPermitted ? { sackPermitted } : {}),
      ...(stamps ? { timestamps: stamps } : {}),
      ...(sack ? { sack: sack.map(([left, right]) => [edge(left), edge(right)] as const) } : {}),
    }
  }
}

function known(value: number | '*'): number {
  if (value === '*') throw new Error('what is injected says everything')
  return value
}
