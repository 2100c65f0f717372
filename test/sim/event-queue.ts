/** What is to happen when, in order of time and, at the same time, in the order it was added: a binary heap. */
export class EventQueue<T> {
  readonly #heap: { readonly at: number; readonly order: number; readonly event: T }[] = []
  #added = 0

  /** Infinity: nothing. */
  get nextAt(): number {
    return this.#heap[0]?.at ?? Number.POSITIVE_INFINITY
  }

  get size(): number {
    return this.#heap.length
  }

  add(at: number, event: T): void {
    const heap = this.#heap
    heap.push({ at, order: this.#added++, event })
    for (let index = heap.length - 1; index > 0; ) {
      const parent = (index - 1) >> 1
      if (!this.#isBefore(index, parent)) return
      this.#swap(index, parent)
      index = parent
    }
  }

  /** There must be one. */
  take(): T {
    const heap = this.#heap
    const [first] = heap
    const last = heap.pop()
    if (first === undefined || last === undefined) throw new RangeError('nothing is to happen')
    if (heap.length === 0) return first.event
    heap[0] = last
    this.#sink()
    return first.event
  }

  #sink(): void {
    const { length } = this.#heap
    for (let index = 0; ; ) {
      const [left, right] = [2 * index + 1, 2 * index + 2]
      let least = index
      if (left < length && this.#isBefore(left, least)) least = left
      if (right < length && this.#isBefore(right, least)) least = right
      if (least === index) return
      this.#swap(index, least)
      index = least
    }
  }

  #isBefore(a: number, b: number): boolean {
    const [first, second] = [this.#heap[a]!, this.#heap[b]!]
    return first.at < second.at || (first.at === second.at && first.order < second.order)
  }

  #swap(a: number, b: number): void {
    const heap = this.#heap
    ;[heap[a], heap[b]] = [heap[b]!, heap[a]!]
  }
}
