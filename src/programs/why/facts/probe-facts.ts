/**
 * Echo requests through the tunnel: small ones until they are answered, then one as large as the route promises, and
 * where that vanishes, many sizes at once to find the largest that passes.
 */
import { randomInt } from 'node:crypto'
import { setTimeout as pause } from 'node:timers/promises'
import type { FactQuestions, ProbeFacts } from '../../../diagnosis/index.ts'
import { parseAddress, type Syscalls } from '../../../linux/index.ts'
import { EchoSockets } from './echo-sockets.ts'

const INTERVAL_MS = 200
const GAP_MS = 2
const SMALL_BYTES = 84
const FULL_PATIENCE_MS = 1200
/** The sizes of the first round are this far apart; the second takes every one between two of them. */
const STEP_BYTES = 32

export async function sendProbes(
  sys: Syscalls,
  { probes, patienceMs }: Pick<FactQuestions, 'probes' | 'patienceMs'>,
  mtuTo: (to: string) => number | undefined,
): Promise<ProbeFacts[]> {
  const round = new ProbeRound(sys)
  try {
    const targets = probes.filter((to) => parseAddress(to) !== undefined)
    return await Promise.all(targets.map((to) => probeOne(round, { to, patienceMs, mtuTo })))
  } finally {
    round.close()
  }
}

interface OneProbe {
  readonly to: string
  readonly patienceMs: number
  readonly mtuTo: (to: string) => number | undefined
}

async function probeOne(round: ProbeRound, { to, patienceMs, mtuTo }: OneProbe): Promise<ProbeFacts> {
  const small = await round.ask(to, { sizes: [SMALL_BYTES], patienceMs })
  const answeredMs = small.answeredMs
  const bytes = mtuTo(to)
  if (answeredMs === undefined || bytes === undefined || bytes <= SMALL_BYTES) {
    const refused = answeredMs === undefined ? (small.refused ?? null) : null
    return { to, refused, answeredMs: answeredMs ?? null, full: null, largestBytes: null }
  }
  const full = await round.ask(to, { sizes: [bytes], patienceMs: FULL_PATIENCE_MS })
  const answered = full.largest !== undefined
  const largestBytes = answered ? null : await largestTo(round, to, bytes)
  return { to, refused: null, answeredMs, full: { bytes, answered }, largestBytes }
}

async function largestTo(round: ProbeRound, to: string, full: number): Promise<number> {
  const every = (from: number, step: number): number[] =>
    Array.from({ length: Math.max(0, Math.ceil((full - from) / step)) }, (_, i) => from + i * step)
  const coarse = every(SMALL_BYTES, STEP_BYTES)
  const most = (await round.ask(to, { sizes: coarse, patienceMs: FULL_PATIENCE_MS, all: true })).largest
  const from = most ?? SMALL_BYTES
  const fine = every(from + 1, 1).slice(0, STEP_BYTES - 1)
  const best = (await round.ask(to, { sizes: fine, patienceMs: FULL_PATIENCE_MS, all: true })).largest
  return best ?? from
}

interface Ask {
  readonly sizes: readonly number[]
  readonly patienceMs: number
  /** Until time is up, or all are answered; otherwise until one is. */
  readonly all?: boolean
}

interface Asked {
  readonly answeredMs: number | undefined
  /** The largest size that was answered. */
  readonly largest: number | undefined
  /** Why the last one was not even sent. */
  readonly refused: string | undefined
}

class ProbeRound {
  readonly #sockets: EchoSockets
  readonly #waiting = new Map<number, () => void>()
  #sequence = 0

  constructor(sys: Syscalls) {
    this.#sockets = new EchoSockets(sys, {
      identifier: randomInt(0x10000),
      onReply: (sequence) => this.#waiting.get(sequence)?.(),
    })
  }

  async ask(to: string, { sizes, patienceMs, all = false }: Ask): Promise<Asked> {
    const answered = new Map<number, number>()
    const sequences = new Map(sizes.map((size) => [size, this.#sequence++ & 0xffff]))
    const sentAt = new Map<number, number>()
    let wake: (() => void) | undefined
    for (const [size, sequence] of sequences) {
      this.#waiting.set(sequence, () => {
        if (!answered.has(size)) answered.set(size, performance.now() - (sentAt.get(size) ?? 0))
        wake?.()
      })
    }
    const isDone = (): boolean => (all ? answered.size === sizes.length : answered.size > 0)
    const deadline = performance.now() + patienceMs
    let refused: string | undefined
    while (!isDone() && performance.now() < deadline) {
      for (const [size, sequence] of sequences) {
        if (answered.has(size)) continue
        sentAt.set(size, performance.now())
        refused = this.#sockets.send({ to, sequence, packetBytes: size })
        // One by one: what comes in a burst is cut from one large packet, which a filter on the way may judge as such.
        if (sizes.length > 1) await pause(GAP_MS)
      }
      const slept = new AbortController()
      wake = () => {
        if (isDone()) slept.abort()
      }
      await pause(INTERVAL_MS, undefined, { signal: slept.signal }).catch(() => {})
    }
    for (const sequence of sequences.values()) this.#waiting.delete(sequence)
    const [first] = answered.values()
    return {
      answeredMs: first,
      largest: answered.size === 0 ? undefined : Math.max(...answered.keys()),
      refused,
    }
  }

  close(): void {
    this.#sockets.close()
  }
}
