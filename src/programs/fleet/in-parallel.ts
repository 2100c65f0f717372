/** At most so many at a time. Each failure is a value beside the successes: one bad node does not stop the others. */

export interface Failed {
  readonly node: string
  readonly kind: 'failed'
  readonly reason: string
}

export type Outcome<T> = { readonly node: string; readonly kind: 'done'; readonly value: T } | Failed

export interface ParallelOptions<T> {
  readonly limit: number
  readonly run: (node: string) => Promise<T>
  /** Reasons that are values; anything else is a bug and is thrown. */
  readonly isExpected: (error: unknown) => error is Error
  readonly onOutcome?: (outcome: Outcome<T>) => void
}

/** In the order of the nodes, whatever order they ended in. */
export async function inParallel<T>(
  nodes: readonly string[],
  options: ParallelOptions<T>,
): Promise<Outcome<T>[]> {
  const outcomes = new Map<string, Outcome<T>>()
  const waiting = nodes.values()
  const worker = async (): Promise<void> => {
    for (const node of waiting) {
      const outcome = await attempt(node, options)
      outcomes.set(node, outcome)
      options.onOutcome?.(outcome)
    }
  }
  await Promise.all(Array.from({ length: Math.min(options.limit, nodes.length) }, worker))
  return nodes.flatMap((node) => outcomes.get(node) ?? [])
}

async function attempt<T>(node: string, { run, isExpected }: ParallelOptions<T>): Promise<Outcome<T>> {
  try {
    return { node, kind: 'done', value: await run(node) }
  } catch (error) {
    if (isExpected(error)) return { node, kind: 'failed', reason: error.message }
    throw error
  }
}
