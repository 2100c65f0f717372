/** So many at a time, in the order they came; the others wait. */
export type AtMost = <T>(run: () => Promise<T>) => Promise<T>

export function atMost(limit: number): AtMost {
  const waiting: (() => void)[] = []
  let running = 0
  return async (run) => {
    if (running >= limit) await new Promise<void>((resolve) => waiting.push(resolve))
    else running += 1
    try {
      return await run()
    } finally {
      // Whoever waits takes this place over.
      const next = waiting.shift()
      if (next === undefined) running -= 1
      else next()
    }
  }
}
