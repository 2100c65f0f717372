/**
 * How much of a line one connection uses, under virtual time: bytes that a program at the other end read, by the time
 * that it took. The same figures on every machine, so that a table of them can be checked in and held by a test.
 */
import { Conversation } from './tcpip-conversation.ts'
import { FAIR, type PathWeather } from './tcpip-path.ts'

export interface Line {
  /** Of data; acknowledgments have a good path. */
  readonly lossPercent: number
  readonly roundTripMs: number
  readonly reorderPercent?: number
  readonly megabitsPerSecond?: number
}

export type CongestionControl = 'cubic' | 'newreno'

export interface GoodputOptions extends Line {
  readonly congestionControl: CongestionControl
  readonly seed: number
  readonly durationMs: number
}
const DURATION_MS = 20_000
/** Chance has more of a say where less gets through. */
const SEEDS_OF_LOSSY = [1, 2, 3]

const known = new Map<string, number>()

/** What stands in the table: the mean of some runs. Made once. */
export function tableGoodput(line: Line, congestionControl: CongestionControl): number {
  const key = JSON.stringify([line, congestionControl])
  const figure = known.get(key) ?? measure(line, congestionControl)
  known.set(key, figure)
  return figure
}

function measure(line: Line, congestionControl: CongestionControl): number {
  const seeds = line.lossPercent >= 1 ? SEEDS_OF_LOSSY : [1]
  const all = seeds.map((seed) => goodput({ ...line, congestionControl, seed, durationMs: DURATION_MS }))
  return all.reduce((sum, one) => sum + one, 0) / all.length
}

/** What TCP leaves of a line: 1500 bytes carry 1448. */
const PAYLOAD_SHARE = 1448 / 1500
export const MSS = 1448
export const LINE_MBIT = 100
const MBIT_TO_BYTES_PER_MS = 125

/** Megabits of payload per second, after the handshake. */
export function goodput(options: GoodputOptions): number {
  const { seed, durationMs, congestionControl } = options
  const talk = new Conversation({
    ...{ seed, watched: false, wakeEveryMs: durationMs },
    there: weatherOf(options),
    back: { ...weatherOf(options), loss: 0, reorder: 0 },
    caller: { bytes: Number.MAX_SAFE_INTEGER, writeBytes: 65_536 },
    tcp: { congestionControl },
  })
  talk.run(durationMs, () => false)
  return talk.listener.read / durationMs / MBIT_TO_BYTES_PER_MS
}

function weatherOf({
  lossPercent,
  roundTripMs,
  reorderPercent = 0,
  megabitsPerSecond = LINE_MBIT,
}: Line): PathWeather {
  const bytesPerMs = megabitsPerSecond * MBIT_TO_BYTES_PER_MS
  return {
    ...FAIR,
    ...{ delayMs: roundTripMs / 2, loss: lossPercent / 100, reorder: reorderPercent / 100 },
    ...{ reorderMs: Math.max(1, roundTripMs / 8), bytesPerMs },
    // One round trip's worth, as a router would have, but never less than a burst.
    queueBytes: Math.max(100_000, bytesPerMs * roundTripMs),
  }
}

/**
 * What a Reno-like TCP gets through random loss, after Mathis, Semke, Mahdavi and Ott (1997), with every second segment
 * acknowledged: MSS / RTT × √(3/4) / √p. A line that is faster than its rate it is not.
 */
export function mathisMbit({ lossPercent, roundTripMs, megabitsPerSecond = LINE_MBIT }: Line): number {
  const rate = megabitsPerSecond * PAYLOAD_SHARE
  if (lossPercent === 0 || roundTripMs === 0) return rate
  const perMs = (MSS / roundTripMs) * Math.sqrt(0.75 / (lossPercent / 100))
  return Math.min(rate, perMs / MBIT_TO_BYTES_PER_MS)
}
