/**
 * A WireGuard tunnel inside this process, and connections through it: no TUN, no capability, no other program. What a
 * caller sees; tunnel.ts implements it.
 *
 *   const tunnel = await openTunnel({ settings, engine })
 *   const stream = await tunnel.connect({ host: 'ollama.internal', port: 80 })
 */
import type {
  PingOptions,
  StackListener,
  TcpListenOptions,
  TcpSettings,
  TcpStream,
  UdpOpenOptions,
  UdpSocketInside,
} from '../protocols/tcpip/index.ts'
import type { TunnelSettings } from './settings.ts'

export interface Tunnel {
  readonly name: string
  /**
   * TCP to an address, or to a name that the tunnel's own DNS servers know, never this machine's (RFC 8305: both
   * families in turn). Rejects with a StreamError that says why: the name, the route, the peer, or the other end.
   */
  connect(to: TunnelTarget, options?: ConnectOptions): Promise<TcpStream>
  /** On our own addresses inside the tunnel. Throws StreamError EADDRINUSE or EADDRNOTAVAIL. */
  listen(options: TcpListenOptions): StackListener
  openUdp(options?: UdpOpenOptions): UdpSocketInside
  /** Addresses of a name inside the tunnel, best first; an address is its own answer. Rejects with a StreamError. */
  resolve(name: string, options?: { readonly signal?: AbortSignal }): Promise<readonly string[]>
  /** Round trip in milliseconds of one echo. Rejects with a StreamError. */
  ping(host: string, options?: PingInsideOptions): Promise<number>
  /** When any peer has answered a handshake; at once when one has. Rejects with the signal's reason. */
  ready(options?: { readonly signal?: AbortSignal }): Promise<void>
  status(): TunnelStatus
  /** Peers, DNS and MTU change without a connection noticing; see reconfigure.ts for what addresses and keys do. */
  reconfigure(settings: TunnelSettings): void
  /** Connections get `drainMs` to end by themselves, then they are aborted. Nothing is sent afterwards. */
  close(options?: { readonly drainMs?: number }): Promise<void>
}

export interface TunnelTarget {
  /** An address, IPv6 with or without brackets, or a name. */
  readonly host: string
  readonly port: number
}

export interface ConnectOptions {
  readonly signal?: AbortSignal
  /** Names, handshakes and all. Default: DEFAULT_CONNECT_TIMEOUT_MS. */
  readonly timeoutMs?: number
  readonly settings?: Partial<TcpSettings>
}

export interface PingInsideOptions extends Partial<Pick<PingOptions, 'timeoutMs' | 'payloadBytes'>> {
  readonly signal?: AbortSignal
}

/** Of a snapshot; no secrets in it. */
export interface TunnelStatus {
  readonly name: string
  readonly publicKey: string
  /** Without prefix length. */
  readonly addresses: readonly string[]
  readonly mtuBytes: number
  readonly dns: readonly string[]
  /** UDP port of this machine. */
  readonly listenPort: number
  /** Which cipher and which sockets are at work. */
  readonly engine: { readonly kind: 'native' | 'plain'; readonly aead: string; readonly gso: boolean }
  readonly peers: readonly TunnelPeerStatus[]
  readonly connections: number
  /** Named events, all counted from zero when the tunnel was opened. */
  readonly counters: Readonly<Record<string, number>>
}

export interface TunnelPeerStatus {
  readonly publicKey: string
  /** As configured: `gw.example.org:51820`. */
  readonly configuredEndpoint: string | undefined
  /** Where it is now, as far as we know: `[2001:db8::1]:51820`. */
  readonly endpoint: string | undefined
  /** Since the epoch; undefined: never. */
  readonly latestHandshakeMs: number | undefined
  readonly rxBytes: number
  readonly txBytes: number
  readonly allowedIPs: readonly string[]
  /** `up`: it answered the last handshake that was tried. `silent`: it once did, and does not now. */
  readonly state: 'never' | 'handshaking' | 'up' | 'silent'
  /** What is wrong, in a sentence: its name does not resolve, it does not answer. */
  readonly trouble: string | undefined
}
