/**
 * Serves whoever watches the proxy: GET and HEAD of a few paths, one request per connection. It is not made of the
 * proxy's own HTTP, so that it answers while that is in trouble, and not of node:http, which takes 15 MB. Bounded in
 * every way: connections, bytes of a request, time.
 */
import type { ByteStream } from '../../streams/index.ts'

export interface Answer {
  readonly status: number
  readonly type: string
  readonly body: string
}

export interface OperationsServerOptions {
  /** Undefined: no such path. */
  readonly answer: (path: string) => Answer | undefined
  readonly after: (ms: number, run: () => void) => { close(): void }
}

const MAX_HEAD_BYTES = 8192
const MAX_CONNECTIONS = 64
const MAX_MS = 10_000

const REASONS: Readonly<Record<number, string>> = {
  200: 'OK',
  400: 'Bad Request',
  404: 'Not Found',
  405: 'Method Not Allowed',
  431: 'Request Header Fields Too Large',
  503: 'Service Unavailable',
}

export class OperationsServer {
  readonly #options: OperationsServerOptions
  readonly #open = new Set<ByteStream>()

  constructor(options: OperationsServerOptions) {
    this.#options = options
  }

  serve(stream: ByteStream): void {
    if (this.#open.size >= MAX_CONNECTIONS) return stream.destroy()
    this.#open.add(stream)
    const exchange = new Exchange(stream, this.#options.answer)
    const deadline = this.#options.after(MAX_MS, () => {
      // Destroyed by us, it tells nothing any more.
      this.#open.delete(stream)
      stream.destroy()
    })
    stream.onProgress = () => {
      exchange.advance()
      if (stream.state !== 'closed') return
      deadline.close()
      this.#open.delete(stream)
    }
    stream.onProgress()
  }

  close(): void {
    for (const stream of this.#open) stream.destroy()
    this.#open.clear()
  }
}

/** One request and its answer. */
class Exchange {
  readonly #stream: ByteStream
  readonly #answer: OperationsServerOptions['answer']
  #head = ''
  #reply: Uint8Array | undefined
  #sent = 0

  constructor(stream: ByteStream, answer: OperationsServerOptions['answer']) {
    this.#stream = stream
    this.#answer = answer
  }

  advance(): void {
    if (this.#reply === undefined) this.#read()
    if (this.#reply === undefined) {
      if (this.#stream.inputEnded) this.#stream.destroy()
      return
    }
    this.#discard()
    while (this.#sent < this.#reply.length) {
      const count = this.#stream.write(this.#reply.subarray(this.#sent))
      if (count === 0) return
      this.#sent += count
    }
    this.#stream.end()
  }

  #read(): void {
    while (this.#stream.readableBytes > 0) {
      const piece = this.#stream.peek()
      this.#head += latin1(piece)
      this.#stream.consume(piece.length)
      const end = /\r?\n\r?\n/.exec(this.#head)
      if (end !== null) {
        this.#reply = encode(respond(this.#head.slice(0, end.index), this.#answer))
        return
      }
      if (this.#head.length > MAX_HEAD_BYTES) {
        this.#reply = encode({ answer: plain(431), withBody: true })
        return
      }
    }
  }

  /** Nothing more is of interest, but unread bytes would turn our end into a reset. */
  #discard(): void {
    while (this.#stream.readableBytes > 0) this.#stream.consume(this.#stream.peek().length)
  }
}

interface Reply {
  readonly answer: Answer
  readonly withBody: boolean
}

function respond(head: string, answer: OperationsServerOptions['answer']): Reply {
  // What follows the path begins with what no path has: else a long one would be tried at each of its characters.
  const [method, path] =
    /^([A-Z]+) (\/[^\s?#]*)(?:[?#]\S*)? HTTP\/1\.\d(?:\r?\n|$)/.exec(head)?.slice(1) ?? []
  if (method === undefined || path === undefined) return { answer: plain(400), withBody: true }
  if (method !== 'GET' && method !== 'HEAD') return { answer: plain(405), withBody: true }
  return { answer: answer(path) ?? plain(404), withBody: method === 'GET' }
}

function encode({ answer: { status, type, body }, withBody }: Reply): Uint8Array {
  const bytes = new TextEncoder().encode(body)
  const head = [
    `HTTP/1.1 ${status} ${REASONS[status] ?? ''}`,
    `Content-Type: ${type}`,
    `Content-Length: ${bytes.length}`,
    ...(status === 405 ? ['Allow: GET, HEAD'] : []),
    'Cache-Control: no-store',
    'Connection: close',
    '\r\n',
  ].join('\r\n')
  return Buffer.concat([Buffer.from(head, 'latin1'), ...(withBody ? [bytes] : [])])
}

const plain = (status: number): Answer => ({
  status,
  type: 'text/plain; charset=utf-8',
  body: `${REASONS[status] ?? ''}\n`,
})

const latin1 = (bytes: Uint8Array): string =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('latin1')
