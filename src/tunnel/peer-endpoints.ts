/**
 * Where the peers are (acceptance GL-03): names to addresses before anything is sent, and again when a peer goes silent.
 *
 *   name ─ this machine's resolver ─▶ candidates, best first ─▶ initiation to the first
 *                  ▲                                              │ no answer for REKEY_TIMEOUT (5 s)
 *                  └── asked again, at most every 10 s ───────────┴▶ the same initiation again, to the next candidate
 *
 * Silence shows as an initiation without an answer: WireGuard itself begins one 15 s after data went unanswered (paper
 * §6.5), or when a session is too old. It gives up after 90 s; here a peer that does not answer is asked again for ever,
 * as a process that is not ready gets no traffic that would begin anew. A peer that roamed is believed until then.
 */
import type { Closeable } from '../linux/index.ts'
import type { Endpoint, Peer } from '../protocols/wireguard/index.ts'
import { type EndpointText, formatEndpoint, parseAddress } from '../protocols/wireguard/formats/index.ts'
import { StreamError } from '../streams/index.ts'
import type { TunnelEngine, TunnelLog } from './engine.ts'
import type { TunnelPeerSettings } from './settings.ts'

/** Addresses of a name, best first. Rejects with why there are none. */
export type Lookup = (host: string) => Promise<readonly string[]>

export interface PeerEndpointsOptions {
  readonly engine: TunnelEngine
  readonly lookup: Lookup
  readonly log: TunnelLog | undefined
  /** Undefined: this machine has no sockets of that family. */
  endpointOf(address: string, port: number): Endpoint | undefined
  /** From now on the peer is there. */
  place(publicKey: string, endpoint: Endpoint): void
  /** Begin a handshake, unless one has just begun. */
  initiate(publicKey: string): void
}

/** Between looks at a name while its peer does not answer. */
const LOOKUP_INTERVAL_MS = 10_000
const FIRST_RETRY_MS = 500
const LONGEST_RETRY_MS = 30_000
/** After an initiation that WireGuard does not repeat any more. */
const REVIVE_MS = 15_000
/** A session this young needs no renewal (paper §6.2): an initiation then means that data went unanswered. */
const RENEWAL_MS = 115_000

interface Waiting {
  readonly resolve: () => void
  readonly reject: (reason: unknown) => void
}

interface PeerPlace {
  readonly publicKey: string
  readonly configured: EndpointText | undefined
  candidates: readonly Endpoint[]
  /** Initiations since the last handshake that was completed. */
  unanswered: number
  firstUnansweredMs: number
  lastTried: Endpoint | undefined
  lastHandshakeMs: number | undefined
  handshakeMs: number
  isLooking: boolean
  lookedUpMs: number
  failedLookups: number
  trouble: string | undefined
  timer: Closeable | undefined
}

export class PeerEndpoints {
  readonly #o: PeerEndpointsOptions
  readonly #places = new Map<string, PeerPlace>()
  readonly #onAnswer: Waiting[] = []
  #waiting = 0
  /** Peers without a handshake so far: who begins itself is noticed by what it sends. */
  #strangers = 0
  #open = true

  constructor(options: PeerEndpointsOptions) {
    this.#o = options
  }

  /** Some peer has not answered its last initiation yet, or has never been heard. */
  get isWaiting(): boolean {
    return this.#waiting > 0 || this.#strangers > 0
  }

  /** Those that are new or have another endpoint are looked up; those not listed are forgotten. */
  configure(peers: readonly TunnelPeerSettings[]): void {
    for (const key of this.#places.keys())
      if (!peers.some(({ publicKey }) => publicKey === key)) this.#forget(key)
    for (const { publicKey, endpoint } of peers) {
      const known = this.#places.get(publicKey)
      if (known !== undefined && textOf(known.configured) === textOf(endpoint)) continue
      if (known !== undefined) this.#forget(publicKey)
      const place = newPlace(publicKey, endpoint, known?.lastHandshakeMs)
      this.#places.set(publicKey, place)
      if (endpoint !== undefined) this.#find(place, endpoint)
    }
    this.#countStrangers()
  }

  /** An initiation is about to go to `to`: returns where it is to go instead. */
  forInitiation(peer: Peer, to: Endpoint): Endpoint {
    const place = this.#places.get(peer.publicKey)
    if (place === undefined) return to
    const nowMs = this.#o.engine.nowMs()
    if (place.unanswered++ === 0) {
      this.#waiting++
      place.firstUnansweredMs = nowMs
    }
    const isRepeated = place.unanswered > 1
    const isSilence = isRepeated || nowMs - place.handshakeMs < RENEWAL_MS
    if (isSilence) this.#lookAgain(place, nowMs)
    const target = isRepeated ? nextOf(place.candidates, to) : to
    place.lastTried = target
    if (target !== to) {
      peer.endpoint = target
      this.#o.log?.info('trying another address of a peer', {
        peer: place.publicKey,
        to: addressText(target),
      })
    }
    // Once in a silence; that it is over is said, too.
    if (place.unanswered === 2)
      this.#o.log?.warn('peer does not answer', { peer: place.publicKey, endpoint: addressText(to) })
    this.#reviveLater(place)
    return target
  }

  /** Something authentic came from the peer, or goes to it on a session. */
  seen(peer: Peer): void {
    const place = this.#places.get(peer.publicKey)
    if (place === undefined || peer.lastHandshakeMs === place.lastHandshakeMs) return
    if (place.lastHandshakeMs === undefined || place.unanswered > 1)
      this.#o.log?.info('peer answers', { peer: place.publicKey, endpoint: addressText(peer.endpoint) })
    place.lastHandshakeMs = peer.lastHandshakeMs
    place.handshakeMs = this.#o.engine.nowMs()
    this.#answered(place)
    this.#countStrangers()
    for (const { resolve } of this.#onAnswer.splice(0)) resolve()
  }

  /** When any of the peers has answered a handshake and none is known to be silent since; at once when it is so. */
  answered(signal?: AbortSignal): Promise<void> {
    if ([...this.#places.keys()].some((key) => this.stateOf(key) === 'up')) return Promise.resolve()
    if (signal?.aborted) return Promise.reject(signal.reason)
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    const waiting = { resolve, reject }
    this.#onAnswer.push(waiting)
    const onAbort = (): void => {
      this.#onAnswer.splice(this.#onAnswer.indexOf(waiting), 1)
      reject(signal?.reason)
    }
    signal?.addEventListener('abort', onAbort, { once: true })
    return promise.finally(() => signal?.removeEventListener('abort', onAbort))
  }

  stateOf(publicKey: string): 'never' | 'handshaking' | 'up' | 'silent' {
    const place = this.#places.get(publicKey)
    if (place === undefined) return 'never'
    if (place.lastHandshakeMs === undefined) return place.unanswered > 0 ? 'handshaking' : 'never'
    return place.unanswered > 1 ? 'silent' : 'up'
  }

  /** In a sentence, what keeps this peer from being reached. */
  troubleOf(publicKey: string): string | undefined {
    const place = this.#places.get(publicKey)
    if (place === undefined) return undefined
    if (place.candidates.length === 0) return place.trouble
    if (place.unanswered < 2) return undefined
    const seconds = Math.round((this.#o.engine.nowMs() - place.firstUnansweredMs) / 1000)
    const where = place.lastTried === undefined ? '' : `, last at ${addressText(place.lastTried)}`
    const never = place.lastHandshakeMs === undefined ? 'has never answered' : 'no longer answers'
    const silence = `it ${never}: ${place.unanswered} handshakes in ${seconds} s${where}`
    return place.trouble === undefined ? silence : `${silence}; ${place.trouble}`
  }

  configuredOf(publicKey: string): string | undefined {
    return textOf(this.#places.get(publicKey)?.configured)
  }

  close(): void {
    this.#open = false
    for (const key of this.#places.keys()) this.#forget(key)
    const gone = new StreamError({ code: 'ECONNABORTED', message: 'the tunnel is closed' })
    for (const { reject } of this.#onAnswer.splice(0)) reject(gone)
  }

  #find(place: PeerPlace, { host, port }: EndpointText): void {
    if (!isName(host)) this.#take(place, [host], port)
    else void this.#look(place, host, port)
  }

  #lookAgain(place: PeerPlace, nowMs: number): void {
    const { configured } = place
    if (configured === undefined || !isName(configured.host)) return
    if (nowMs - place.lookedUpMs >= LOOKUP_INTERVAL_MS)
      void this.#look(place, configured.host, configured.port)
  }

  async #look(place: PeerPlace, host: string, port: number): Promise<void> {
    if (place.isLooking) return
    place.isLooking = true
    place.lookedUpMs = this.#o.engine.nowMs()
    let addresses: readonly string[] = []
    let why = 'has no address'
    try {
      addresses = await this.#o.lookup(host)
    } catch (error) {
      why = `does not resolve (${reasonOf(error)})`
    }
    place.isLooking = false
    // Meanwhile it may have been given another endpoint.
    if (!this.#open || this.#places.get(place.publicKey) !== place) return
    if (addresses.length > 0) this.#take(place, addresses, port)
    else this.#lookupFailed(place, `${host} ${why}`)
  }

  #take(place: PeerPlace, addresses: readonly string[], port: number): void {
    const found = addresses.map((address) => this.#o.endpointOf(address, port))
    const candidates = found.filter((endpoint) => endpoint !== undefined)
    const [best] = candidates
    if (best === undefined) {
      const what = `${addresses.join(', ')}: this machine has no sockets of that family`
      this.#lookupFailed(place, what)
      return
    }
    const isFirst = place.candidates.length === 0
    place.candidates = candidates
    place.failedLookups = 0
    place.trouble = undefined
    if (isFirst) {
      this.#o.place(place.publicKey, best)
      this.#o.initiate(place.publicKey)
    } else if (
      place.unanswered > 0 &&
      place.lastTried !== undefined &&
      !candidates.includes(place.lastTried)
    ) {
      // The name has moved: the next initiation goes there.
      place.lastTried = best
      this.#o.place(place.publicKey, best)
    }
  }

  /** While it has no address at all it is tried again by time; later, whenever the peer does not answer. */
  #lookupFailed(place: PeerPlace, trouble: string): void {
    if (place.trouble !== trouble)
      this.#o.log?.warn('the endpoint of a peer has no address', { peer: place.publicKey, trouble })
    place.trouble = trouble
    if (place.candidates.length > 0) return
    const delayMs = Math.min(LONGEST_RETRY_MS, FIRST_RETRY_MS * 2 ** place.failedLookups++)
    place.timer?.close()
    place.timer = this.#o.engine.after(delayMs, () => {
      place.timer = undefined
      if (place.configured !== undefined) this.#find(place, place.configured)
    })
  }

  #reviveLater(place: PeerPlace): void {
    place.timer?.close()
    place.timer = this.#o.engine.after(REVIVE_MS, () => {
      place.timer = undefined
      this.#o.initiate(place.publicKey)
    })
  }

  #answered(place: PeerPlace): void {
    if (place.unanswered > 0) this.#waiting--
    place.unanswered = 0
    place.timer?.close()
    place.timer = undefined
  }

  #countStrangers(): void {
    this.#strangers = 0
    for (const { lastHandshakeMs } of this.#places.values())
      if (lastHandshakeMs === undefined) this.#strangers++
  }

  #forget(publicKey: string): void {
    const place = this.#places.get(publicKey)
    if (place !== undefined) this.#answered(place)
    this.#places.delete(publicKey)
  }
}

const newPlace = (
  publicKey: string,
  configured: EndpointText | undefined,
  lastHandshakeMs: number | undefined,
): PeerPlace => ({
  ...{ publicKey, configured, lastHandshakeMs, candidates: [], unanswered: 0, firstUnansweredMs: 0 },
  ...{ lastTried: undefined, handshakeMs: Number.NEGATIVE_INFINITY, isLooking: false, failedLookups: 0 },
  ...{ lookedUpMs: Number.NEGATIVE_INFINITY, trouble: undefined, timer: undefined },
})

/** The one after it; the first when it is none of them, as of a peer that roamed. */
function nextOf(candidates: readonly Endpoint[], current: Endpoint): Endpoint {
  return candidates[(candidates.indexOf(current) + 1) % candidates.length] ?? current
}

/** A zone belongs to an address. */
const isName = (host: string): boolean => parseAddress(host.split('%')[0] ?? '') === undefined

const textOf = (endpoint: EndpointText | undefined): string | undefined =>
  endpoint === undefined ? undefined : formatEndpoint(endpoint)

export const addressText = (endpoint: Endpoint | undefined): string | undefined =>
  endpoint === undefined ? undefined : formatEndpoint({ host: endpoint.address, port: endpoint.port })

function reasonOf(error: unknown): string {
  const { code } = error as { readonly code?: unknown }
  return typeof code === 'string' ? code : String(error)
}
