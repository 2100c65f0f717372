/** Both ends of a route: how a client gets in and how the target is reached, with TLS where a configuration asks for it. */
import { type Engine, tlsClient, tlsServer, tlsServerContext } from '../sockets/index.ts'
import { type ByteStream, StreamError } from '../streams/index.ts'
import type { Tunnel } from '../tunnel/index.ts'
import type { HttpEntry, ServerTlsFiles } from './config/proxy-config.ts'
import type { Accept, Dial } from './service-context.ts'

/** Throws when certificate and key cannot be used. */
export function acceptor(tls: ServerTlsFiles | undefined, { turns }: Engine): Accept {
  if (tls === undefined) return (stream, use) => use(stream)
  const context = tlsServerContext({ cert: tls.cert, key: tls.key.reveal() })
  // A handshake that takes too long is a head that does not come.
  return (stream, use) => use(tlsServer(stream, { turns, context }))
}

/**
 * TCP would bear a target that has vanished for two minutes, and for ever once it has acknowledged the request. A person
 * who waits should hear of it: after 15 s of bytes that nobody acknowledges, or 25 s of silence that nobody breaks when
 * asked. A target that thinks for long answers those questions.
 */
const UPSTREAM_TCP = {
  userTimeoutMs: 15_000,
  keepaliveIdleMs: 10_000,
  keepaliveIntervalMs: 5_000,
  keepaliveProbes: 3,
}

/** The tunnel is looked up for each connection: a reload may have put another in its place. */
export function dialer(entry: HttpEntry, { turns }: Engine, tunnel: (name: string) => Tunnel): Dial {
  const { host, port, scheme } = entry.target
  const { dialMs: timeoutMs } = entry.route.timeouts
  const connect: Dial = ({ signal }) =>
    tunnel(entry.tunnel).connect({ host, port }, { signal, timeoutMs, settings: UPSTREAM_TCP })
  if (scheme === 'http') return connect
  const { ca, serverName = host } = entry.targetTls ?? { ca: undefined }
  return async ({ signal }) => {
    const stream = await connect({ signal })
    return opened(tlsClient(stream, { turns, host: serverName, ...(ca === undefined ? {} : { ca }) }), signal)
  }
}

/** Resolves when it is open; rejects when it never is, or nobody waits for it any more. */
function opened(stream: ByteStream, signal: AbortSignal): Promise<ByteStream> {
  return new Promise((resolve, reject) => {
    const onAbort = (): void => {
      stream.destroy()
      reject(signal.reason as Error)
    }
    const look = (): void => {
      if (stream.state === 'opening') return
      signal.removeEventListener('abort', onAbort)
      stream.onProgress = undefined
      if (stream.state === 'open') resolve(stream)
      else reject(new StreamError(stream.failure ?? CLOSED))
    }
    if (signal.aborted) return onAbort()
    signal.addEventListener('abort', onAbort, { once: true })
    stream.onProgress = look
    look()
  })
}

const CLOSED = { code: 'ECONNRESET', message: 'the target closed the connection' } as const
