/**
 * Waiting on conditions instead of sleeping. The deadline only bounds a failure; nothing is asserted about time.
 * Emulated machines are ten times slower, so WARREN_PATIENCE (a factor, set in the VM) stretches every deadline.
 */
import { setTimeout as pause } from 'node:timers/promises'

const PATIENCE = Number(process.env['WARREN_PATIENCE'] ?? '1')

/** Milliseconds for this machine: `patiently(10_000)`. */
export function patiently(milliseconds: number): number {
  return milliseconds * PATIENCE
}

export interface EventuallyOptions {
  readonly timeoutMs?: number
  readonly intervalMs?: number
  readonly what?: string
}

/** Calls until the result is truthy (returned) or the deadline passes (the last failure becomes the cause). */
export async function eventually<T>(
  check: () => T | Promise<T>,
  { timeoutMs = 10_000, intervalMs = 20, what = check.toString() }: EventuallyOptions = {},
): Promise<T> {
  const deadline = performance.now() + patiently(timeoutMs)
  let cause: unknown
  for (;;) {
    try {
      const value = await check()
      if (value) return value
      cause = undefined
    } catch (error) {
      cause = error // reported if the deadline passes while it still fails
    }
    if (performance.now() > deadline) throw new Error(`never became true: ${what}`, { cause })
    await pause(intervalMs)
  }
}
