/**
 * TLS over a stream, both sides (RFC 8446, and TLS 1.2), by node:tls. The result is a ByteStream that opens when the
 * handshake is done; a handshake that fails is its `failure`. A client checks the server's certificate unless it is
 * told not to. Only HTTP/1.1 is offered and accepted (RFC 7301).
 */
import { isIP } from 'node:net'
import type { Duplex } from 'node:stream'
import { connect, createSecureContext, type SecureContext, TLSSocket } from 'node:tls'
import type { ByteStream, StreamEnds, Turns } from '../streams/index.ts'
import { asDuplex } from './as-duplex.ts'
import type { SocketStream } from './engine.ts'
import { formatEnd } from './failure.ts'
import { DuplexStream } from './plain/duplex-stream.ts'

export interface TlsServerCertificate {
  /** PEM, with the chain. */
  readonly cert: string | Uint8Array
  readonly key: string | Uint8Array
}

/** To be made anew when the files change: connections that are open keep theirs. Throws when they do not fit. */
export function tlsServerContext({ cert, key }: TlsServerCertificate): SecureContext {
  return createSecureContext({ cert: asText(cert), key: asText(key), minVersion: 'TLSv1.2' })
}

export interface TlsServerOptions {
  readonly turns: Turns
  readonly context: SecureContext
}

/** Opens when the client has finished its handshake; there is no timeout of its own. */
export function tlsServer(
  stream: ByteStream & StreamEnds,
  { turns, context }: TlsServerOptions,
): SocketStream {
  const { local, remote } = stream
  const { duplex, abort } = below(stream)
  const tls = new TLSSocket(duplex, { isServer: true, secureContext: context, ALPNProtocols: ALPN })
  const what = `make TLS with ${formatEnd(remote)}`
  const ends = () => ({ local, remote })
  return new DuplexStream(tls, { turns, ends, opensWith: 'secure', what, abort: aborting(abort) })
}

export interface TlsClientOptions {
  readonly turns: Turns
  /** What the certificate has to be for: a name, which is sent as SNI, or an address. */
  readonly host: string
  /** PEM. Default: those that Node trusts. */
  readonly ca?: string | Uint8Array
  /** Any certificate will do: whoever is on the way can read and change everything. */
  readonly insecure?: boolean
  /** Of ours, where the server asks for one. */
  readonly certificate?: TlsServerCertificate
}

const NOWHERE: StreamEnds = { local: { address: '', port: 0 }, remote: { address: '', port: 0 } }

export function tlsClient(stream: ByteStream & Partial<StreamEnds>, o: TlsClientOptions): SocketStream {
  const { local = NOWHERE.local, remote = NOWHERE.remote } = stream
  const host = o.host.replace(/^\[(.*)\]$/, '$1')
  const { duplex, abort } = below(stream)
  const tls = connect({
    socket: duplex,
    host,
    ...(isIP(host) === 0 ? { servername: host } : {}),
    rejectUnauthorized: o.insecure !== true,
    ALPNProtocols: ALPN,
    minVersion: 'TLSv1.2',
    ...(o.ca === undefined ? {} : { ca: asText(o.ca) }),
    ...(o.certificate === undefined
      ? {}
      : { cert: asText(o.certificate.cert), key: asText(o.certificate.key) }),
  })
  // node:tls half-closes only what allows it, and this option cannot be given to `connect` with a socket.
  tls.allowHalfOpen = true
  const ends = () => ({ local, remote })
  const what = `make TLS with ${host}`
  return new DuplexStream(tls, {
    turns: o.turns,
    ends,
    opensWith: 'secureConnect',
    what,
    abort: aborting(abort),
  })
}

const ALPN = ['http/1.1']

interface Below {
  readonly duplex: Duplex
  readonly abort: () => void
}

/** Node's own socket where there is one: TLS works on its handle without a detour. */
function below(stream: ByteStream): Below {
  const taken = stream instanceof DuplexStream ? stream.takeDuplex() : undefined
  if (taken !== undefined) return taken
  const duplex = asDuplex(stream)
  const abort = (): void => {
    stream.destroy()
    duplex.destroy()
  }
  return { duplex, abort }
}

function aborting(abort: () => void): (tls: Duplex) => void {
  return (tls) => {
    abort()
    tls.destroy()
  }
}

function asText(pem: string | Uint8Array): string {
  return typeof pem === 'string' ? pem : new TextDecoder().decode(pem)
}
