/**
 * Many at a time, but not all: runs `work` over `items`, at most `concurrency` at once, results in the items' order.
 */
export async function pool<T, R>(
  items: readonly T[],
  { concurrency, work }: { concurrency: number; work: (item: T) => Promise<R> },
): Promise<R[]> {
  const results: R[] = []
  let next = 0
  const lane = async () => {
    while (next < items.length) {
      const index = next++
      results[index] = await work(items[index] as T)
    }
  }
  await Promise.all(Array.from({ length: Math.min(concurrency, items.length) }, lane))
  return results
}
