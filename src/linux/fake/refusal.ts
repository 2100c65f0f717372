/** How the fake says no: an errno, and what the real kernel puts into its extended acknowledgement. */
export class Refusal extends Error {
  override readonly name = 'Refusal'
  /** Positive. */
  readonly errno: number
  readonly text: string | undefined

  constructor(errno: number, text?: string) {
    super(text ?? `errno ${errno}`)
    this.errno = errno
    this.text = text
  }
}
