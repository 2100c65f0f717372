/**
 * The bounds of trying: how many rounds of observe, diff and apply one convergence may take, which steps keep
 * coming back when that was not enough, and how long to wait after a failure.
 */
import type { Step } from '../model/index.ts'
import { render } from './render.ts'

export const MAX_ROUNDS = 10

const FIRST_BACKOFF_MS = 5
const LAST_BACKOFF_MS = 1_000_000

/** 5 ms, doubled by each failure in a row, at most 1000 s. */
export const backoffMs = (failures: number): number =>
  Math.min(FIRST_BACKOFF_MS * 2 ** Math.min(Math.max(failures - 1, 0), 30), LAST_BACKOFF_MS)

/** Steps of the last round that an earlier round had applied already: what something else keeps undoing. */
export const recurringSteps = (rounds: readonly (readonly Step[])[]): readonly string[] => {
  const earlier = new Set(rounds.slice(0, -1).flatMap((steps) => steps.map((s) => render(s))))
  return (rounds.at(-1) ?? []).map((s) => render(s)).filter((text) => earlier.has(text))
}
