/** What services share: the engine, the log, tunnels by name, TLS on either side. */
import type { Engine } from '../sockets/index.ts'
import type { ByteStream, StreamEnds } from '../streams/index.ts'
import type { Tunnel } from '../tunnel/index.ts'
import type { HttpEntry, ServerTlsFiles } from './config/proxy-config.ts'
import type { Logger } from './log.ts'

export type Dial = (options: { readonly signal: AbortSignal }) => Promise<ByteStream>
export type Accept = (stream: ByteStream & StreamEnds, use: (plain: ByteStream & StreamEnds) => void) => void

export interface ServiceContext {
  readonly engine: Engine
  readonly log: Logger
  /** At the moment of use: a reload may have changed it. */
  readonly tunnel: (name: string) => Tunnel
  /** A connection to the target, TLS and all. */
  readonly dialer: (entry: HttpEntry) => Dial
  /** Lets a client in, after its TLS handshake where there is one. */
  readonly acceptor: (tls: ServerTlsFiles | undefined) => Accept
}
