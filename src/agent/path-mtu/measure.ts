/**
 * One measurement of the path to one peer: the largest packet inside the tunnel that comes back, and no more than
 * goes around it without being fragmented, as far as the node's own routes and an endpoint that answers can tell.
 * Links that somebody breaks or makes smaller meanwhile are no property of a path: then there is no result.
 */
import { isFound, narrowed, sizesToTry, wireguardOverhead } from '../../reconcile/index.ts'
import type { Clock } from '../clock.ts'
import type { PathProbe, ProbeTarget } from './probe.ts'

/** A packet that every path carries. */
const SMALL_BYTES = 96
const TRIES = 3
const FIRST_TIMEOUT_MS = 1_000
const LEAST_TIMEOUT_MS = 200
/** Replies later than this many round trips are lost. */
const ROUND_TRIPS = 4

export interface Measurement {
  readonly probe: PathProbe
  readonly clock: Clock
  /** Inside the tunnel. */
  readonly target: ProbeTarget
  /** The plan's MTU. */
  readonly mostBytes: number
  /** Where the tunnel's packets go: an address, and their mark. */
  readonly outer: ProbeTarget | undefined
}

/** The link itself refused a packet, or what was lost arrives again: nothing was learned, and asking again may help. */
export class Disturbed extends Error {}

/**
 * Undefined: the other end answers nobody, so nothing is known but what the node's own routes say. Throws Disturbed.
 */
export const measurePath = async (m: Measurement): Promise<number | undefined> => {
  const outer = m.outer === undefined ? undefined : await outerLimit(m, m.outer)
  const most = Math.min(m.mostBytes, outer ?? m.mostBytes)
  const found = await largest(m, m.target, most)
  if (found === undefined) return most < m.mostBytes ? most : undefined
  return Math.min(found, most)
}

/** Whether a packet of the size that is in use still comes back. Undefined: the other end answers nobody. */
export const pathCarries = async (m: Measurement, bytes: number): Promise<boolean | undefined> => {
  const { answered } = await persistently(m, m.target, { sizes: [bytes], timeoutMs: FIRST_TIMEOUT_MS })
  if (answered.has(bytes)) return true
  return (await roundTripMs(m, m.target)) === undefined ? undefined : false
}

const outerLimit = async (m: Measurement, outer: ProbeTarget): Promise<number | undefined> => {
  const known = m.probe.routeMtu(outer)
  if (known === undefined) return undefined
  const overhead = wireguardOverhead(outer.address.includes(':') ? 6 : 4)
  const most = Math.min(known, m.mostBytes + overhead)
  const measured = await largest(m, outer, most).catch((error: unknown) => {
    if (error instanceof Disturbed) return undefined
    throw error
  })
  return (measured ?? most) - overhead
}

const largest = async (m: Measurement, target: ProbeTarget, most: number): Promise<number | undefined> => {
  const rtt = await roundTripMs(m, target)
  if (rtt === undefined) return undefined
  const timeoutMs = Math.max(LEAST_TIMEOUT_MS, rtt * ROUND_TRIPS)
  // Usually nothing is in the way, and one packet tells.
  const whole = await persistently(m, target, { sizes: [most], timeoutMs })
  if (whole.answered.has(most)) return most
  let range = { arrives: SMALL_BYTES, most: most - 1 }
  while (!isFound(range)) {
    const sizes = sizesToTry(range)
    range = narrowed(range, sizes, (await persistently(m, target, { sizes, timeoutMs })).answered)
  }
  // Somebody may have broken the path and mended it meanwhile.
  const last = await persistently(m, target, { sizes: [SMALL_BYTES, most], timeoutMs })
  if (last.answered.has(most) || last.answered.size === 0)
    throw new Disturbed('the path changed while it was measured')
  return range.arrives
}

const roundTripMs = async (m: Measurement, target: ProbeTarget): Promise<number | undefined> => {
  const { answered, lastMs } = await persistently(m, target, {
    sizes: [SMALL_BYTES],
    timeoutMs: FIRST_TIMEOUT_MS,
  })
  return answered.size === 0 ? undefined : lastMs
}

interface Round {
  readonly sizes: readonly number[]
  readonly timeoutMs: number
}

/** A single packet may be lost for other reasons than its size. */
const persistently = async (
  { probe, clock }: Measurement,
  target: ProbeTarget,
  { sizes, timeoutMs }: Round,
): Promise<{ readonly answered: Set<number>; readonly lastMs: number }> => {
  const answered = new Set<number>()
  let lastMs = timeoutMs
  for (let attempt = 0; attempt < TRIES; attempt++) {
    const largestAnswered = Math.max(0, ...answered)
    // What is smaller than something that arrived arrives too.
    const open = sizes.filter((size) => size > largestAnswered)
    if (open.length === 0) break
    const before = clock.nowMs()
    const echoes = await probe.echo(target, open, timeoutMs)
    if (echoes.refused) throw new Disturbed('the link takes no packet of this size')
    for (const size of echoes.answered) answered.add(size)
    lastMs = clock.nowMs() - before
  }
  return { answered, lastMs }
}
