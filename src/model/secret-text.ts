/**
 * A secret that does not print: logs, `JSON.stringify`, template strings and `util.inspect` all show
 * `[redacted]`. The text is in a private field, so that no walk over an object's properties finds it.
 */
import type { SecretText } from './intent.ts'

class Secret implements SecretText {
  readonly #text: string
  constructor(text: string) {
    this.#text = text
  }
  reveal(): string {
    return this.#text
  }
  toString(): '[redacted]' {
    return '[redacted]'
  }
  toJSON(): '[redacted]' {
    return '[redacted]'
  }
  [Symbol.for('nodejs.util.inspect.custom')](): string {
    return '[redacted]'
  }
}

export const secretText = (text: string): SecretText => new Secret(text)

export const isSecretText = (value: unknown): value is SecretText => value instanceof Secret
