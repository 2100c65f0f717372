/**
 * A time limit that leaves nothing behind: AbortSignal.timeout() keeps its timer until it is up, and AbortSignal.any()
 * an entry in a signal that may live as long as the process.
 */

export interface Deadline {
  readonly signal: AbortSignal
  readonly isOver: () => boolean
  readonly clear: () => void
}

/** Fires when the time is up (its reason is a TimeoutError) or when one of the others does. */
export const deadline = (ms: number, others: readonly AbortSignal[]): Deadline => {
  const controller = new AbortController()
  let over = false
  const timer = setTimeout(() => {
    over = true
    controller.abort(new DOMException(`no answer within ${ms} ms`, 'TimeoutError'))
  }, ms)
  const withdraw = (): void => controller.abort()
  for (const other of others) {
    if (other.aborted) withdraw()
    other.addEventListener('abort', withdraw)
  }
  return {
    signal: controller.signal,
    isOver: () => over,
    clear: () => {
      clearTimeout(timer)
      for (const other of others) other.removeEventListener('abort', withdraw)
    },
  }
}
