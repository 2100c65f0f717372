/**
 * Which connection's timer runs out first: a binary heap in which each connection knows its place. Deadlines mostly
 * move away (every acknowledgment postpones the retransmission), so a key may be too early, never too late; whoever is
 * popped too early is put back where it belongs.
 */
export interface Timed {
  /** Where it is in the heap; -1: it is not. */
  heapIndex: number
  /** Its key there. */
  heapKey: number
}

export class DeadlineHeap<T extends Timed> {
  readonly #items: T[] = []

  /** Infinity: nothing is due ever. */
  get first(): number {
    return this.#items.length === 0 ? Number.POSITIVE_INFINITY : this.#items[0]!.heapKey
  }

  /** The item's deadline is `at`, at the latest. */
  expectBy(item: T, at: number): void {
    if (item.heapIndex < 0) {
      if (at === Number.POSITIVE_INFINITY) return
      item.heapKey = at
      this.#items.push(item)
      this.#up(item, this.#items.length - 1)
    } else if (at < item.heapKey) {
      item.heapKey = at
      this.#up(item, item.heapIndex)
    }
  }

  /** One whose key is due; it is out of the heap then. */
  takeDue(nowMs: number): T | undefined {
    const item = this.#items[0]
    if (item === undefined || item.heapKey > nowMs) return undefined
    this.remove(item)
    return item
  }

  remove(item: T): void {
    const index = item.heapIndex
    if (index < 0) return
    item.heapIndex = -1
    const last = this.#items.pop()!
    if (last === item) return
    this.#up(last, index)
    this.#down(last, last.heapIndex)
  }

  #up(item: T, from: number): void {
    const items = this.#items
    let index = from
    while (index > 0) {
      const above = (index - 1) >> 1
      const other = items[above]!
      if (other.heapKey <= item.heapKey) break
      items[index] = other
      other.heapIndex = index
      index = above
    }
    items[index] = item
    item.heapIndex = index
  }

  #down(item: T, from: number): void {
    const items = this.#items
    let index = from
    for (;;) {
      let below = 2 * index + 1
      if (below >= items.length) break
      if (below + 1 < items.length && items[below + 1]!.heapKey < items[below]!.heapKey) below += 1
      const other = items[below]!
      if (other.heapKey >= item.heapKey) break
      items[index] = other
      other.heapIndex = index
      index = below
    }
    items[index] = item
    item.heapIndex = index
  }
}
