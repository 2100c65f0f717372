/** A map whose keys are known and whose values are made when first asked for, once. */
export class LazyMap<V> implements ReadonlyMap<string, V> {
  readonly #keys: readonly string[]
  readonly #known: ReadonlySet<string>
  readonly #make: (key: string) => V
  readonly #made = new Map<string, V>()

  /** Iterates in the order of the keys given. */
  constructor(keys: readonly string[], make: (key: string) => V) {
    this.#keys = keys
    this.#known = new Set(keys)
    this.#make = make
  }

  get size(): number {
    return this.#keys.length
  }

  has(key: string): boolean {
    return this.#known.has(key)
  }

  get(key: string): V | undefined {
    if (!this.#known.has(key)) return undefined
    const made = this.#made.get(key)
    if (made !== undefined) return made
    const value = this.#make(key)
    this.#made.set(key, value)
    return value
  }

  *entries(): MapIterator<[string, V]> {
    for (const key of this.#keys) yield [key, this.get(key) as V]
  }

  *keys(): MapIterator<string> {
    yield* this.#keys
  }

  *values(): MapIterator<V> {
    for (const [, value] of this.entries()) yield value
  }

  [Symbol.iterator](): MapIterator<[string, V]> {
    return this.entries()
  }

  forEach(visit: (value: V, key: string, map: ReadonlyMap<string, V>) => void): void {
    for (const [key, value] of this.entries()) visit(value, key, this)
  }
}
