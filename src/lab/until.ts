/** Waiting on a condition, with a limit that only bounds a failure. */
import { setTimeout as pause } from 'node:timers/promises'

import { patiently } from './patience.ts'

export interface UntilOptions {
  readonly timeoutMs: number
  readonly everyMs?: number
}

/** Milliseconds until `holds`; undefined when it did not within the limit. */
export async function until(
  holds: () => boolean | Promise<boolean>,
  { timeoutMs, everyMs = 20 }: UntilOptions,
): Promise<number | undefined> {
  const start = performance.now()
  for (;;) {
    if (await holds()) return performance.now() - start
    if (performance.now() - start > patiently(timeoutMs)) return undefined
    await pause(everyMs)
  }
}
