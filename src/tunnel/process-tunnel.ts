/** What callers ask of an open tunnel: connections out and in, names, echoes, status, change and end. */
import { StreamError, type StreamFailure } from '../streams/index.ts'
import { formatAddress, parseAddress } from '../protocols/wireguard/formats/index.ts'
import type {
  StackListener,
  TcpListenOptions,
  TcpSettings,
  TcpStream,
  UdpOpenOptions,
  UdpSocketInside,
} from '../protocols/tcpip/index.ts'
import { changeBetween } from './device-change.ts'
import { dial } from './dial.ts'
import type { TunnelEngine, TunnelLog } from './engine.ts'
import type { NamesInside } from './names.ts'
import { type OuterPort, saying } from './outer-port.ts'
import type { PeerEndpoints } from './peer-endpoints.ts'
import type { TunnelSettings } from './settings.ts'
import type { ConnectOptions, PingInsideOptions, Tunnel, TunnelStatus, TunnelTarget } from './tunnel-api.ts'
import type { TunnelCore } from './tunnel-core.ts'
import { statusOf } from './tunnel-status.ts'

export const DEFAULT_CONNECT_TIMEOUT_MS = 10_000
const DEFAULT_PING_TIMEOUT_MS = 5_000
/** Between looks at whether a drain is over. */
const DRAIN_LOOK_MS = 50

export interface TunnelParts {
  readonly engine: TunnelEngine
  readonly log: TunnelLog | undefined
  readonly core: TunnelCore
  readonly outer: OuterPort
  readonly endpoints: PeerEndpoints
  readonly aeadName: string
  /** Of these settings. */
  readonly namesFor: (settings: TunnelSettings) => NamesInside
}

export class ProcessTunnel implements Tunnel {
  readonly #parts: TunnelParts
  #settings: TunnelSettings
  #names: NamesInside
  #isOpen = true

  constructor(parts: TunnelParts, settings: TunnelSettings) {
    this.#parts = parts
    this.#settings = settings
    this.#names = parts.namesFor(settings)
  }

  get name(): string {
    return this.#settings.name
  }

  async connect({ host, port }: TunnelTarget, options: ConnectOptions = {}): Promise<TcpStream> {
    this.#assertOpen()
    const { engine } = this.#parts
    const { signal, settings, timeoutMs = DEFAULT_CONNECT_TIMEOUT_MS } = options
    const sinceMs = engine.nowMs()
    const literal = addressIn(host)
    const addresses = literal === undefined ? await this.#resolveWithin(host, timeoutMs, signal) : [literal]
    this.#assertOpen()
    return dial({
      ...{ engine, addresses, signal, timeoutMs: Math.max(1, timeoutMs - (engine.nowMs() - sinceMs)) },
      // This deadline is the one that counts, and knows more to say than TCP's own.
      open: (address) => this.#open(address, port, { connectTimeoutMs: timeoutMs, ...settings }),
      explain: (tried) => this.#explain(tried, port, timeoutMs),
    })
  }

  listen(options: TcpListenOptions): StackListener {
    this.#assertOpen()
    return this.#parts.core.stack.listen(options)
  }

  openUdp(options?: UdpOpenOptions): UdpSocketInside {
    this.#assertOpen()
    return this.#parts.core.stack.openUdp(options)
  }

  async resolve(
    name: string,
    { signal }: { readonly signal?: AbortSignal } = {},
  ): Promise<readonly string[]> {
    this.#assertOpen()
    const literal = addressIn(name)
    return literal === undefined ? this.#names.resolve(name, signal) : [literal]
  }

  async ping(host: string, options: PingInsideOptions = {}): Promise<number> {
    const { signal, payloadBytes, timeoutMs = DEFAULT_PING_TIMEOUT_MS } = options
    const [address = host] = await this.resolve(host, signal === undefined ? {} : { signal })
    this.#assertOpen()
    this.#assertRoute(address)
    const { core } = this.#parts
    core.awake()
    return new Promise((resolve, reject) => {
      const onAbort = (): void => reject(signal?.reason as Error)
      signal?.addEventListener('abort', onAbort, { once: true })
      const onReply = (roundTripMs: number | undefined): void => {
        signal?.removeEventListener('abort', onAbort)
        if (roundTripMs === undefined)
          reject(new StreamError(this.#noAnswer(`ping ${address}`, [address], timeoutMs)))
        else resolve(roundTripMs)
      }
      core.stack.ping(address, {
        timeoutMs,
        onReply,
        ...(payloadBytes === undefined ? {} : { payloadBytes }),
      })
      core.schedule()
    })
  }

  ready({ signal }: { readonly signal?: AbortSignal } = {}): Promise<void> {
    this.#assertOpen()
    return this.#parts.endpoints.answered(signal)
  }

  status(): TunnelStatus {
    const { core, outer, endpoints, engine, aeadName } = this.#parts
    const atWork = { kind: engine.kind, aead: aeadName, gso: outer.gso }
    return statusOf({
      ...{ settings: this.#settings, core, outer, endpoints, engine: atWork, names: this.#names.counters },
    })
  }

  reconfigure(settings: TunnelSettings): void {
    this.#assertOpen()
    const { core, outer, endpoints, engine, namesFor, log } = this.#parts
    const before = this.#settings
    // The only part that can be refused comes first, so that all of it is refused.
    const { listenPort } = settings
    if (listenPort !== before.listenPort) saying(listenPort, () => outer.listen(listenPort))
    core.wireguard.configure(changeBetween(before, settings), engine.nowMs())
    if (settings.mtuBytes !== before.mtuBytes) core.setMtu(settings.mtuBytes)
    if (settings.addresses.join() !== before.addresses.join()) core.stack.setAddresses(settings.addresses)
    this.#settings = settings
    if (asksOtherwise(before, settings)) {
      this.#names.close()
      this.#names = namesFor(settings)
    }
    endpoints.configure(settings.peers)
    if (settings.privateKey !== before.privateKey)
      for (const { publicKey } of settings.peers) core.wireguard.initiate(publicKey, engine.nowMs())
    core.schedule()
    log?.info('tunnel reconfigured', { tunnel: settings.name, peers: settings.peers.length })
  }

  async close({ drainMs = 0 }: { readonly drainMs?: number } = {}): Promise<void> {
    if (!this.#isOpen) return
    this.#isOpen = false
    const { core, outer, endpoints, engine, log } = this.#parts
    const untilMs = engine.nowMs() + drainMs
    while (core.connections > 0 && engine.nowMs() < untilMs)
      await new Promise<void>((resolve) => engine.after(DRAIN_LOOK_MS, resolve))
    this.#names.close()
    endpoints.close()
    core.close()
    outer.close()
    log?.info('tunnel closed', { tunnel: this.name })
  }

  /** Names count towards the time of the whole. */
  async #resolveWithin(host: string, timeoutMs: number, signal?: AbortSignal): Promise<readonly string[]> {
    const giveUp = new AbortController()
    const onAbort = (): void => giveUp.abort(signal?.reason)
    if (signal?.aborted) throw signal.reason
    signal?.addEventListener('abort', onAbort, { once: true })
    const timer = this.#parts.engine.after(timeoutMs, () =>
      giveUp.abort(new StreamError(this.#noAnswer(`resolve ${host}`, this.#settings.dns, timeoutMs))),
    )
    try {
      return await this.#names.resolve(host, giveUp.signal)
    } catch (error) {
      if (!(error instanceof StreamError) || error.code !== 'ETIMEDOUT') throw error
      throw new StreamError(this.#withTroubles(error.message, this.#settings.dns))
    } finally {
      timer.close()
      signal?.removeEventListener('abort', onAbort)
    }
  }

  #open(address: string, port: number, settings: Partial<TcpSettings> | undefined): TcpStream {
    this.#assertRoute(address)
    const { core } = this.#parts
    core.awake()
    const stream = core.stack.connect({ address, port }, settings === undefined ? {} : { settings })
    core.schedule()
    return stream
  }

  /** An address that is no peer's will never answer: say so at once. */
  #assertRoute(address: string): void {
    if (this.#parts.core.hasRoute(address)) return
    const message = `${address} is in no peer's AllowedIPs of ${this.name}`
    throw new StreamError({ code: 'ENETUNREACH', message })
  }

  #explain(tried: readonly string[], port: number, timeoutMs: number): StreamFailure {
    const where = tried.map((address) => (address.includes(':') ? `[${address}]` : address)).join(', ')
    return this.#noAnswer(`connect to ${where} port ${port}`, tried, timeoutMs)
  }

  #noAnswer(what: string, addresses: readonly string[], timeoutMs: number): StreamFailure {
    return this.#withTroubles(`${what} through ${this.name}: no answer in ${timeoutMs / 1000} s`, addresses)
  }

  /** The trouble of the peers that would have carried it, where they have some, is the cause. */
  #withTroubles(silence: string, addresses: readonly string[]): StreamFailure {
    const { core, endpoints } = this.#parts
    const peers = new Set(addresses.map((address) => core.peerFor(address)?.publicKey))
    const troubles = [...peers].flatMap((key) => {
      const trouble = key === undefined ? undefined : endpoints.troubleOf(key)
      return trouble === undefined ? [] : [`no handshake with peer ${key}: ${trouble}`]
    })
    if (troubles.length === 0) return { code: 'ETIMEDOUT', message: silence }
    return { code: 'EHOSTUNREACH', message: `${silence}; ${troubles.join('; ')}` }
  }

  #assertOpen(): void {
    if (!this.#isOpen)
      throw new StreamError({ code: 'ECONNABORTED', message: `the tunnel ${this.name} is closed` })
  }
}

/** The address that the text is, brackets taken off; undefined: it is a name. */
function addressIn(host: string): string | undefined {
  const bytes = parseAddress(host.startsWith('[') && host.endsWith(']') ? host.slice(1, -1) : host)
  return bytes && formatAddress(bytes)
}

/** Servers, what is searched, and whether a peer carries packets to them. */
const asksOtherwise = (a: TunnelSettings, b: TunnelSettings): boolean =>
  a.dns.join() !== b.dns.join() ||
  a.searchDomains.join() !== b.searchDomains.join() ||
  a.addresses.join() !== b.addresses.join() ||
  allowedOf(a) !== allowedOf(b)

const allowedOf = ({ peers }: TunnelSettings): string =>
  peers.map(({ allowedIPs }) => allowedIPs.join()).join(';')
