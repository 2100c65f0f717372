/** First in, first out, without garbage: a ring that grows. Whoever is in it must know so itself. */
export class Fifo<T> {
  #items: (T | undefined)[] = Array.from({ length: 16 })
  #first = 0
  length = 0

  push(item: T): void {
    if (this.length === this.#items.length) this.#grow()
    this.#items[(this.#first + this.length) & (this.#items.length - 1)] = item
    this.length += 1
  }

  get first(): T | undefined {
    return this.#items[this.#first]
  }

  shift(): T | undefined {
    const item = this.#items[this.#first]
    if (item === undefined) return undefined
    this.#items[this.#first] = undefined
    this.#first = (this.#first + 1) & (this.#items.length - 1)
    this.length -= 1
    return item
  }

  #grow(): void {
    const old = this.#items
    const items: (T | undefined)[] = Array.from({ length: 2 * old.length })
    for (let index = 0; index < this.length; index++)
      items[index] = old[(this.#first + index) & (old.length - 1)]
    this.#items = items
    this.#first = 0
  }
}
