/** What a forward needs of the other side. A tunnel is one; so is the machine itself (local-dialer.ts), and a test's fake. */
import type { ByteStream, FailureCode, SocketEnd, StreamFailure } from '../../streams/index.ts'

export interface Dialer {
  /** Names are looked up on that side. Rejects with a StreamError. */
  connect(to: HostAndPort, options: { readonly signal: AbortSignal }): Promise<ByteStream>
}

export interface DatagramDialer {
  /** Canonical addresses of a name, best first; an address is its own answer. */
  resolve(name: string, options: { readonly signal?: AbortSignal }): Promise<readonly string[]>
  openUdp(options: DatagramOptions): DatagramPort
}

export interface HostAndPort {
  /** An address or a name. */
  readonly host: string
  readonly port: number
}

export interface DatagramOptions {
  /** The bytes are the receiver's own. */
  readonly onDatagram: (bytes: Uint8Array, from: SocketEnd) => void
  readonly onError?: (code: FailureCode) => void
}

export interface DatagramPort {
  send(bytes: Uint8Array, to: SocketEnd): boolean
  close(): void
}

/** Of whatever a dialer rejects with: `message` is for a log. */
export function failureOf(error: unknown): StreamFailure {
  const { code, message } = error as Partial<StreamFailure>
  return { code: code ?? 'EPROTO', message: message ?? String(error) }
}

/** What time it is and when to run: an engine is one. */
export interface Clock {
  nowMs(): number
  after(ms: number, run: () => void): { close(): void }
}
