/** A gRPC server on a unix socket: methods by path, answered with messages and a status in the trailers. */
import { once } from 'node:events'
import { createServer, type ServerHttp2Session, type ServerHttp2Stream } from 'node:http2'
import type { TestContext } from 'node:test'
import { frameMessage, MessageReader } from '../../../src/containers/grpc/grpc-frames.ts'
import { readFields, type Fields } from '../../../src/containers/grpc/wire.ts'
import { socketFor } from './socket-folder.ts'

export interface GrpcAnswer {
  readonly status?: number
  readonly message?: Uint8Array
}

export interface GrpcRequest {
  readonly fields: Fields
  readonly namespace: string
}

export type GrpcMethods = Readonly<Record<string, (request: GrpcRequest) => GrpcAnswer>>

export interface FakeGrpc {
  readonly path: string
  /** To everybody who subscribed at `streamPath`. */
  send(message: Uint8Array): void
  stop(): Promise<void>
  start(): Promise<void>
}

export const openFakeGrpc = async (
  t: TestContext,
  { methods, streamPath }: { readonly methods: GrpcMethods; readonly streamPath?: string },
): Promise<FakeGrpc> => {
  const server = createServer()
  const sessions = new Set<ServerHttp2Session>()
  const subscribers = new Set<ServerHttp2Stream>()
  server.on('session', (session) => {
    sessions.add(session)
    session.on('close', () => sessions.delete(session))
  })
  server.on('stream', (stream, headers) => {
    stream.on('error', () => {}) // The client may leave at any time.
    const method = String(headers[':path'])
    const namespace = String(headers['containerd-namespace'] ?? '')
    const reader = new MessageReader(1 << 20)
    stream.on('data', (chunk: Buffer) => {
      const fields = reader.push(chunk)?.map((message) => readFields(message))[0]
      if (fields === undefined) return // More of it is to come.
      if (method !== streamPath) {
        answer(stream, methods[method]?.({ fields, namespace }) ?? { status: 12 })
        return
      }
      // As grpc-go does it: no head before there is something to send.
      subscribers.add(stream)
      stream.on('close', () => subscribers.delete(stream))
    })
  })
  const path = socketFor(t)
  const start = async (): Promise<void> => {
    server.listen(path)
    await once(server, 'listening')
  }
  await start()
  const stop = async (): Promise<void> => {
    if (!server.listening) return
    const closed = once(server, 'close')
    server.close()
    for (const session of sessions) session.destroy()
    await closed
  }
  t.after(stop)
  return {
    path,
    stop,
    start,
    send: (message) => {
      for (const stream of subscribers) {
        if (!stream.headersSent) stream.respond({ 'content-type': 'application/grpc' })
        stream.write(frameMessage(message))
      }
    },
  }
}

const answer = (stream: ServerHttp2Stream, { status = 0, message }: GrpcAnswer): void => {
  const trailers = { 'grpc-status': String(status), 'grpc-message': status === 0 ? '' : 'not%20found' }
  if (message === undefined) {
    stream.respond({ 'content-type': 'application/grpc', ...trailers }, { endStream: true })
    return
  }
  stream.respond({ 'content-type': 'application/grpc' }, { waitForTrailers: true })
  stream.on('wantTrailers', () => stream.sendTrailers(trailers))
  stream.end(frameMessage(message))
}
