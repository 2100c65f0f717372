/**
 * The receiver indices that the device has given out (paper §5.4.1): random, so that they tell nothing, and
 * one for each pending initiation and each session.
 */
import { readUint32 } from './messages.ts'

/** 30 bits: such an index is a small integer of the engine, and looking it up allocates nothing. */
const INDEX_MASK = 0x3fffffff

export class IndexTable<Owner> {
  readonly #owners = new Map<number, Owner>()
  readonly #random: (length: number) => Uint8Array

  constructor(random: (length: number) => Uint8Array) {
    this.#random = random
  }

  claim(owner: Owner): number {
    let index = readUint32(this.#random(4), 0) & INDEX_MASK
    while (this.#owners.has(index)) index = (index + 1) & INDEX_MASK
    this.#owners.set(index, owner)
    return index
  }

  release(index: number): void {
    this.#owners.delete(index)
  }

  find(index: number): Owner | undefined {
    return index <= INDEX_MASK ? this.#owners.get(index) : undefined
  }
}
