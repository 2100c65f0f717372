/**
 * The book-keeping of one exchange with the kernel: which request has which sequence number, where its bytes start,
 * what became of it, and how many verdicts are still to come.
 */
import { KernelError } from '../kernel-error.ts'
import { ECANCELED, ENOBUFS } from '../uapi/index.ts'

/** What became of a request: undefined when the kernel did it. */
export type Outcome = KernelError | undefined

export class PendingRequests {
  readonly outcomes: Outcome[]
  readonly #indexBySequence = new Map<number, number>()
  readonly #starts: number[] = []
  readonly #settled = new Set<number>()
  waiting = 0
  failed = false

  constructor(count: number) {
    this.outcomes = new Array<Outcome>(count).fill(undefined)
  }

  add(sequence: number, start: number, unacknowledged: boolean): void {
    this.#indexBySequence.set(sequence, this.#starts.length)
    this.#starts.push(start)
    if (!unacknowledged) this.waiting++
    else this.#settled.add(this.#starts.length - 1)
  }

  indexOf(sequence: number): number | undefined {
    return this.#indexBySequence.get(sequence)
  }

  startOf(index: number): number {
    return this.#starts[index] ?? 0
  }

  settle(index: number, failure: Outcome): void {
    if (failure) this.failed = true
    this.outcomes[index] ??= failure
    if (this.#settled.has(index)) return
    this.#settled.add(index)
    this.waiting--
  }

  nextSend(): void {
    this.failed = false
  }

  giveUp(requests: readonly { readonly what: string }[]): void {
    this.#starts.forEach((_, index) => {
      if (this.#settled.has(index)) return
      const what = requests[index]?.what ?? 'do it'
      this.settle(
        index,
        this.failed
          ? new KernelError(what, ECANCELED, { text: 'left out after a failure in the same batch' })
          : new KernelError(what, ENOBUFS, { text: 'the answer was lost' }),
      )
    })
  }
}
