/**
 * The engine: takes an input of the corpus, changes it, runs the target. An input with an outcome not seen
 * before joins the corpus of this run. A seed and a number of executions say everything about a run.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { mulberry32 } from '../sim/wireguard-network.ts'
import { mutate } from './mutator.ts'
import type { FuzzTarget } from './target.ts'

export interface FuzzOptions {
  readonly seed: number
  readonly executions: number
  /** Checked every hundred executions. */
  readonly stop?: () => boolean
}

export interface FuzzReport {
  readonly target: string
  readonly seed: number
  readonly executions: number
  readonly seeds: number
  /** How often each outcome came. */
  readonly outcomes: ReadonlyMap<string, number>
  /** The first input with each outcome that no seed has. */
  readonly found: ReadonlyMap<string, Uint8Array>
}

export class FuzzFailure extends Error {
  readonly input: Uint8Array

  constructor(target: string, input: Uint8Array, cause: unknown) {
    const detail = cause instanceof Error ? cause.message : String(cause)
    super(`${target} broke on ${input.length} bytes: ${detail}`, { cause })
    this.input = input
  }
}

/** Throws a FuzzFailure at the first broken promise. */
export function fuzz(target: FuzzTarget, { seed, executions, stop = () => false }: FuzzOptions): FuzzReport {
  const random = mulberry32(seed)
  const corpus = [...readCorpus(target.name), ...(target.seeds?.() ?? [])]
  if (corpus.length === 0) corpus.push(new Uint8Array(0))
  const outcomes = new Map<string, number>()
  const found = new Map<string, Uint8Array>()
  const dictionary = (target.dictionary ?? []).map((word) => new TextEncoder().encode(word))
  const seeds = corpus.length
  const run = (input: Uint8Array): boolean => {
    const outcome = attempt(target, input)
    const count = outcomes.get(outcome) ?? 0
    outcomes.set(outcome, count + 1)
    return count === 0 && found.set(outcome, input.slice()) !== undefined
  }
  for (const input of corpus) run(input)
  found.clear()
  let done = seeds
  for (; done < executions; done += 1) {
    if (done % 100 === 0 && stop()) break
    const pick = (): Uint8Array => corpus[Math.floor(random() * corpus.length)]!
    const input = mutate(pick(), { random, other: pick(), dictionary })
    if (run(input)) corpus.push(input)
  }
  return { target: target.name, seed, executions: done, seeds, outcomes, found }
}

/** The target may scribble on its input; what is kept and reported is what it was given. */
function attempt(target: FuzzTarget, input: Uint8Array): string {
  try {
    return target.run(input.slice())
  } catch (error) {
    throw new FuzzFailure(target.name, input, error)
  }
}

export function readCorpus(target: string): Uint8Array[] {
  const folder = new URL(`corpus/${target}/`, import.meta.url)
  if (!existsSync(folder)) return []
  return readdirSync(folder)
    .toSorted()
    .map((name) => Uint8Array.from(readFileSync(new URL(name, folder))))
}
