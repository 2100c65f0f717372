/**
 * What has to be known about peers over time and is in no single observation: whether direct paths are alive,
 * where endpoints' names point to, and whose handshakes fail.
 *
 *   sent, but nothing received for 30 s      → its name is looked up again
 *   no session (180 s) and still sending     → `fails`: the plan's endpoint is written again, or the next one
 */
import { linkIdOf } from '../model/index.ts'
import type { NodeIntent, ObservedPeer, PeerIntent, Step } from '../model/index.ts'
import {
  directPath,
  endpointText,
  endpointToSet,
  HANDSHAKE_STALE_MS,
  initialPath,
  nextPathSampleMs,
  peerId,
  sessionIsStale,
} from '../reconcile/index.ts'
import type { PathState } from '../reconcile/index.ts'
import { idOf } from './by-link.ts'
import type { Devices } from './by-link.ts'
import type { Clock } from './clock.ts'
import type { EndpointMemory } from './endpoint-memory.ts'
import type { EndpointResolver } from './endpoint-resolver.ts'
import { HandshakeAges } from './handshake-ages.ts'

const UNANSWERED_MS = 30_000
const RETRY_MS = 15_000

interface Traffic {
  readonly rxBytes: number
  /** When `rxBytes` was first seen, and what had been sent then. */
  readonly sinceMs: number
  readonly txBytes: number
}

export interface PeerUpkeepOptions {
  readonly clock: Clock
  readonly resolver: EndpointResolver
  readonly memory: EndpointMemory
}

export class PeerUpkeep {
  readonly #o: PeerUpkeepOptions
  readonly #paths = new Map<string, PathState>()
  readonly #traffic = new Map<string, Traffic>()
  /** Where peers with a session were last: the plan may not know, and a device that is made anew has forgotten. */
  readonly #live = new Map<string, { readonly endpoint: string; readonly atMs: number }>()
  /** Peers whose endpoint does not work, until another one has been written. */
  readonly #failing = new Map<string, true>()

  readonly #ages: HandshakeAges
  #turned = new Set<string>()

  constructor(o: PeerUpkeepOptions) {
    this.#o = o
    this.#ages = new HandshakeAges(o.clock)
  }

  get paths(): ReadonlyMap<string, PathState> {
    return this.#paths
  }

  /** Takes a look at the devices. True when a direct path came up or went down. */
  look(intent: NodeIntent, devices: Devices): boolean {
    let changed = false
    this.#ages.look()
    this.#forget(intent)
    for (const wg of intent.interfaces) {
      const device = devices.get(idOf(wg))
      const observed = new Map(device?.peers.map((p) => [p.publicKey, p]))
      for (const peer of wg.peers) {
        const id = peerId(idOf(wg), peer.publicKey)
        const seen = this.#seen(id, observed.get(peer.publicKey))
        if (peer.path === 'while-alive' && this.#samplePath(id, peer, seen)) {
          changed = true
          this.#turned.add(id)
        }
        if (seen !== undefined) this.#remember(id, seen)
        if (seen !== undefined && peer.endpoint !== undefined) this.#sampleTraffic(id, peer, seen)
      }
    }
    return changed
  }

  /** Direct paths that came or went since this was asked before, by `peerId`. */
  takeTurned(): ReadonlySet<string> {
    const turned = this.#turned
    this.#turned = new Set()
    return turned
  }

  #seen(id: string, peer: ObservedPeer | undefined): ObservedPeer | undefined {
    return peer === undefined ? undefined : this.#ages.aged(id, peer)
  }

  #forget(intent: NodeIntent): void {
    const planned = plannedPeers(intent)
    this.#ages.forget((id) => planned.has(id))
    for (const map of [this.#paths, this.#traffic, this.#failing, this.#live])
      for (const id of map.keys()) if (!planned.has(id)) map.delete(id)
  }

  #remember(id: string, seen: ObservedPeer): void {
    if (seen.endpoint === undefined || sessionIsStale(seen, this.#o.clock.wallMs())) return
    this.#live.set(id, { endpoint: seen.endpoint, atMs: this.#o.clock.nowMs() })
  }

  /** Peers that had a session until they went, by `peerId`. */
  alive(): Set<string> {
    const since = this.#o.clock.nowMs() - HANDSHAKE_STALE_MS
    return new Set([...this.#live].filter(([, live]) => live.atMs >= since).map(([id]) => id))
  }

  #samplePath(id: string, peer: PeerIntent, seen: ObservedPeer | undefined): boolean {
    const sample = {
      nowMs: this.#o.clock.nowMs(),
      wallMs: this.#o.clock.wallMs(),
      peer: seen,
      keepaliveSeconds: peer.persistentKeepaliveSeconds,
    }
    const before = this.#paths.get(id)
    const state = before === undefined ? initialPath(sample) : directPath(before, sample)
    this.#paths.set(id, state)
    return before !== undefined && before.phase !== state.phase
  }

  #sampleTraffic(id: string, peer: PeerIntent, seen: ObservedPeer): void {
    const now = this.#o.clock.nowMs()
    const before = this.#traffic.get(id)
    if (before === undefined || before.rxBytes !== seen.rxBytes || seen.txBytes < before.txBytes) {
      this.#traffic.set(id, { rxBytes: seen.rxBytes, sinceMs: now, txBytes: seen.txBytes })
      return
    }
    const sending = seen.txBytes > before.txBytes
    if (sending && now - before.sinceMs >= UNANSWERED_MS && peer.endpoint !== undefined)
      this.#o.resolver.lookAgain(peer.endpoint)
    if (!sessionIsStale(seen, this.#o.clock.wallMs())) this.#failing.delete(id)
    else if (sending && now - before.sinceMs >= RETRY_MS) this.#failing.set(id, true)
  }

  /** Endpoints to write now, by `peerId`. */
  endpoints(intent: NodeIntent, devices: Devices): Map<string, string> {
    const result = new Map<string, string>()
    this.#ages.look()
    const alive = this.alive()
    for (const wg of intent.interfaces) {
      const device = devices.get(idOf(wg))
      const observed = new Map(device?.peers.map((p) => [p.publicKey, p]))
      for (const peer of wg.peers) {
        const id = peerId(idOf(wg), peer.publicKey)
        const seen = this.#seen(id, observed.get(peer.publicKey))
        const last = seen === undefined && alive.has(id) ? this.#live.get(id) : undefined
        if (last !== undefined) result.set(id, last.endpoint)
        if (peer.endpoint === undefined || last !== undefined) continue
        const endpoint = endpointToSet({
          wanted: peer.endpoint,
          candidates: this.#o.resolver.candidates(peer.endpoint),
          observed: seen,
          written: this.#o.memory.get(id),
          fails: this.#failing.has(id),
        })
        if (endpoint !== undefined) result.set(id, endpoint)
      }
    }
    return result
  }

  /** Remembers which endpoints have been written; each gets 15 seconds to prove itself. */
  applied(intent: NodeIntent, steps: readonly Step[]): void {
    for (const step of steps) {
      if (step.kind !== 'wireguard-set') continue
      const link = linkIdOf(step.link, step.in)
      const wg = intent.interfaces.find((i) => idOf(i) === link)
      const planned = new Map(wg?.peers.map((p) => [p.publicKey, p.endpoint]))
      for (const change of step.change.peers) {
        const endpoint = planned.get(change.publicKey)
        if (change.kind !== 'set' || change.endpoint === undefined || endpoint === undefined) continue
        const id = peerId(link, change.publicKey)
        this.#o.memory.set(id, endpointText(endpoint), change.endpoint)
        this.#failing.delete(id)
        this.#traffic.delete(id)
      }
    }
  }

  save(intent: NodeIntent): Promise<void> {
    return this.#o.memory.save(plannedPeers(intent))
  }

  /** How long until the next look at direct paths; undefined when there are none. */
  nextLookMs(): number | undefined {
    const now = this.#o.clock.nowMs()
    const waits = [...this.#paths.values()].map((state) => nextPathSampleMs(state, now))
    return waits.length === 0 ? undefined : Math.min(...waits)
  }
}

const plannedPeers = (intent: NodeIntent): Set<string> =>
  new Set(intent.interfaces.flatMap((wg) => wg.peers.map((p) => peerId(idOf(wg), p.publicKey))))
