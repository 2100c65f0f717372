/**
 * One connection to the device's UAPI socket: requests as they come in pieces, answers in order, any number of them
 * (wireguard.com/xplatform: a request ends in an empty line).
 */
import { formatUapiErrno, parseUapiRequest, type UapiChange } from '../protocols/wireguard/formats/index.ts'

/** `wg setconf` of thousands of peers is a few megabytes; more than this is nobody's configuration. */
const MAX_REQUEST_BYTES = 64 * 1024 * 1024
const EPROTO = 71
const E2BIG = 7
const EIO = 5

export interface UapiHandler {
  /** The answer to `get=1`, with its errno line. */
  get(): string
  /** Throws an error with a positive `errno` when it cannot be done. */
  set(change: UapiChange): void
}

export class UapiSession {
  readonly #handler: UapiHandler
  #chunks: string[] = []
  #length = 0

  constructor(handler: UapiHandler) {
    this.#handler = handler
  }

  /** What to answer now; undefined with `close` when the connection is beyond repair. */
  receive(text: string): { readonly answer: string; readonly close: boolean } {
    this.#length += text.length
    if (this.#length > MAX_REQUEST_BYTES) return { answer: formatUapiErrno(E2BIG), close: true }
    this.#chunks.push(text)
    // The end may straddle two pieces; joining only then keeps large requests linear.
    if (!text.includes('\n')) return { answer: '', close: false }
    let rest = this.#chunks.join('')
    let answer = ''
    for (let end = rest.indexOf('\n\n'); end >= 0; end = rest.indexOf('\n\n')) {
      answer += this.#answer(rest.slice(0, end + 1))
      rest = rest.slice(end + 2)
    }
    this.#chunks = rest === '' ? [] : [rest]
    this.#length = rest.length
    return { answer, close: false }
  }

  #answer(text: string): string {
    const request = parseUapiRequest(text)
    if (request.kind === 'refused') return formatUapiErrno(request.errno === 0 ? EPROTO : request.errno)
    if (request.value.kind === 'get') return this.#handler.get()
    try {
      this.#handler.set(request.value.change)
      return formatUapiErrno(0)
    } catch (error) {
      const { errno } = error as { errno?: unknown }
      if (typeof errno !== 'number') throw error
      return formatUapiErrno(errno === 0 ? EIO : errno)
    }
  }
}
