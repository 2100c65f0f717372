/** What is fuzzed: one decoder, what must hold for whatever it says, and where its seeds are. */

export interface FuzzTarget {
  readonly name: string
  /** `text`: inputs are UTF-8, and words of the dictionary are put in. */
  readonly kind: 'bytes' | 'text'
  /** Seeds beside those of corpus/NAME/. */
  readonly seeds?: () => readonly Uint8Array[]
  readonly dictionary?: readonly string[]
  /**
   * Decodes one input and throws when a promise is broken. Says in a word what came of it: an input with a new
   * outcome is kept and mutated further.
   */
  run(input: Uint8Array): string
}
