/**
 * gRPC over a unix socket, as much as containerd and CRI need: one question with one answer, and one question with a
 * stream of answers (PROTOCOL-HTTP2.md). node:http2 is loaded by whoever loads this file.
 */
import { connect, constants } from 'node:http2'
import type { ClientHttp2Session, ClientHttp2Stream, IncomingHttpHeaders } from 'node:http2'
import { connect as connectSocket } from 'node:net'
import { frameMessage, MessageReader } from './grpc-frames.ts'

/** codes of google/rpc/code.proto that mean something here. */
export const GRPC = { ok: 0, unknown: 2, notFound: 5, unimplemented: 12 } as const

export class GrpcError extends Error {
  readonly code = 'GRPC'
  readonly status: number
  constructor(status: number, message: string) {
    super(message)
    this.status = status
  }
}

export interface Call {
  /** `/runtime.v1.RuntimeService/ContainerStatus` */
  readonly path: string
  readonly message: Uint8Array
  readonly metadata?: Readonly<Record<string, string>>
  readonly signal: AbortSignal
}

const LIMIT_BYTES = 16 << 20

export class GrpcSocket {
  readonly #socketPath: string
  #session: ClientHttp2Session | undefined

  constructor(socketPath: string) {
    this.#socketPath = socketPath
  }

  /** Rejects with the socket's error, or with a GrpcError. */
  async ask(call: Call): Promise<Uint8Array> {
    let answer: Uint8Array | undefined
    await this.stream(call, (message) => (answer ??= message))
    if (answer === undefined) throw new GrpcError(GRPC.unknown, 'it answered nothing')
    return answer
  }

  /** Settles when the other side ends the stream. */
  stream(call: Call, onMessage: (message: Uint8Array) => void): Promise<void> {
    return new Promise((resolve, reject) => {
      call.signal.throwIfAborted()
      const stream = this.#connected().request({
        [constants.HTTP2_HEADER_METHOD]: 'POST',
        [constants.HTTP2_HEADER_PATH]: call.path,
        'content-type': 'application/grpc',
        te: 'trailers',
        ...call.metadata,
      })
      const abort = (): void => void stream.destroy(call.signal.reason as Error)
      call.signal.addEventListener('abort', abort)
      read(stream, onMessage)
        .then(resolve, reject)
        .finally(() => call.signal.removeEventListener('abort', abort))
      stream.end(frameMessage(call.message))
    })
  }

  close(): void {
    this.#session?.destroy()
    this.#session = undefined
  }

  #connected(): ClientHttp2Session {
    if (this.#session !== undefined && !this.#session.closed && !this.#session.destroyed) return this.#session
    const session = connect('http://localhost', { createConnection: () => connectSocket(this.#socketPath) })
    session.on('error', () => {}) // Each stream of it fails with the same error, and reports it.
    session.on('close', () => {
      if (this.#session === session) this.#session = undefined
    })
    this.#session = session
    return session
  }
}

const read = (stream: ClientHttp2Stream, onMessage: (message: Uint8Array) => void): Promise<void> =>
  new Promise((resolve, reject) => {
    const reader = new MessageReader(LIMIT_BYTES)
    let head: IncomingHttpHeaders = {}
    let tail: IncomingHttpHeaders = {}
    stream.on('response', (headers) => (head = headers))
    stream.on('trailers', (headers: IncomingHttpHeaders) => (tail = headers))
    stream.on('data', (chunk: Buffer) => {
      const messages = reader.push(chunk)
      if (messages === undefined) stream.destroy(new GrpcError(GRPC.unknown, 'it does not speak gRPC'))
      else messages.forEach(onMessage)
    })
    stream.on('error', reject)
    stream.on('close', () => {
      const failure = failureOf(head, tail)
      if (failure === undefined) resolve()
      else reject(failure)
    })
  })

/** The status is in the trailers, or in the head of an answer that has no body. */
const failureOf = (head: IncomingHttpHeaders, tail: IncomingHttpHeaders): GrpcError | undefined => {
  const status = tail['grpc-status'] ?? head['grpc-status']
  if (status === undefined)
    return new GrpcError(
      GRPC.unknown,
      `it answered HTTP ${String(head[':status'] ?? 'nothing')} and no status of gRPC`,
    )
  if (Number(status) === GRPC.ok) return undefined
  return new GrpcError(
    Number(status),
    percentDecoded(String(tail['grpc-message'] ?? head['grpc-message'] ?? '')),
  )
}

const percentDecoded = (text: string): string => {
  try {
    return decodeURIComponent(text)
  } catch {
    return text // Not encoded as the protocol asks; still the best there is to say.
  }
}
