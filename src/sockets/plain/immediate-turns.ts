/** A turn is what Node calls one iteration of its loop: it ends in the check phase, after all that polling brought. */
import type { Turns } from '../../streams/index.ts'

export class ImmediateTurns implements Turns {
  readonly #atEnd: (() => void)[] = []
  readonly #endTurn = (): void => this.#end()
  #isDue = false

  atEndOfTurn(run: () => void): void {
    this.#atEnd.push(run)
    if (this.#isDue) return
    this.#isDue = true
    setImmediate(this.#endTurn)
  }

  #end(): void {
    for (let next = 0; next < this.#atEnd.length; next++) {
      try {
        this.#atEnd[next]?.()
      } catch (error) {
        // One that fails must not take away the others' turn; it surfaces as an ordinary uncaught exception.
        process.nextTick(() => {
          throw error
        })
      }
    }
    this.#atEnd.length = 0
    this.#isDue = false
  }
}
