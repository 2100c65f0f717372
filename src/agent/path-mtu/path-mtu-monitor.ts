/**
 * Knows what the paths to peers carry: measures a path when its peer first answers, when its endpoint moves, and
 * every ten minutes while it carries less than the plan says; checks once a minute, where there is traffic, that
 * what is in use still arrives. Only peers with a session are asked anything.
 *
 *   new, moved ──▶ measure ──▶ as planned ── traffic, 60 s ──▶ check ──▶ lost ──▶ measure, and warn
 *                     │
 *                     └──────▶ narrower ── 10 min ──▶ raise the interface, measure, settle
 */
import { join } from 'node:path'
import { parseEndpoint } from '../../model/index.ts'
import type { NodeIntent, ObservedPeer, PeerIntent, WireGuardIntent } from '../../model/index.ts'
import { peerId, sessionIsStale } from '../../reconcile/index.ts'
import type { MeasuredPaths } from '../../reconcile/index.ts'
import { idOf } from '../by-link.ts'
import type { Devices } from '../by-link.ts'
import type { Clock } from '../clock.ts'
import { readJson, writeJson } from '../json-file.ts'
import type { Logger } from '../logger.ts'
import { Disturbed, measurePath, pathCarries } from './measure.ts'
import type { Measurement } from './measure.ts'
import type { PathProbe } from './probe.ts'

const CHECK_MS = 60_000
const AGAIN_MS = 600_000
/** Less traffic than this is not worth a check: keepalives, and our own probes. */
const TRAFFIC_BYTES = 16_384
const AT_ONCE = 8
/** After a measurement that something came between. */
const DISTURBED_MS = 10_000

interface PathKnown {
  /** Undefined: asked, and nothing came back. */
  readonly bytes: number | undefined
  readonly endpoint: string | undefined
  readonly atMs: number
  readonly txBytes: number
  /** Of the last whole measurement. */
  readonly measuredAtMs: number
}

export interface PathMtuMonitorOptions {
  readonly clock: Clock
  readonly log: Logger
  readonly probe: PathProbe
  readonly stateDir: string
  /** Something is known now that was not. */
  onChange(): void
}

interface PlannedPath {
  /** `peerId`. */
  readonly id: string
  readonly wg: WireGuardIntent
  readonly peer: PeerIntent
  /** Of the peer, inside the tunnel. */
  readonly address: string
}

interface Path extends PlannedPath {
  readonly seen: ObservedPeer
}

export class PathMtuMonitor {
  readonly #o: PathMtuMonitorOptions
  readonly #known = new Map<string, PathKnown>()
  readonly #running = new Map<string, Promise<void>>()
  /** Interfaces with the plan's MTU for as long as their paths are measured. */
  readonly #raised = new Set<string>()
  /** Paths of which nothing was learned, and when to ask again. */
  readonly #restUntilMs = new Map<string, number>()
  /** Of the intent that was looked at last, by link and public key: this is asked every second. */
  #planned: ReadonlyMap<string, ReadonlyMap<string, PlannedPath>> = new Map()
  #intent: NodeIntent | undefined
  #dirty = false

  constructor(o: PathMtuMonitorOptions) {
    this.#o = o
  }

  /** What an earlier agent measured; so that a restart neither forgets nor asks everybody at once. */
  async load(): Promise<void> {
    for (const [id, bytes] of Object.entries(await readPathMtus(this.#o.stateDir)))
      if (!this.#known.has(id)) this.#known.set(id, { ...BEFORE, bytes, measuredAtMs: this.#o.clock.nowMs() })
  }

  get measured(): MeasuredPaths {
    const bytes = [...this.#known].flatMap(([id, { bytes }]) =>
      bytes === undefined ? [] : [[id, bytes] as const],
    )
    return { bytes: new Map(bytes), raised: new Set(this.#raised) }
  }

  /** Starts what is due. Returns at once; `onChange` says when there is something new. */
  look(intent: NodeIntent, devices: Devices): void {
    this.#plan(intent)
    const wallMs = this.#o.clock.wallMs()
    for (const [link, planned] of this.#planned)
      for (const seen of devices.get(link)?.peers ?? []) {
        if (this.#running.size >= AT_ONCE) return
        const path = planned.get(seen.publicKey)
        if (path !== undefined && !sessionIsStale(seen, wallMs)) this.#start({ ...path, seen })
      }
  }

  #start(path: Path): void {
    if (this.#running.has(path.id)) return
    if (this.#o.clock.nowMs() < (this.#restUntilMs.get(path.id) ?? 0)) return
    const work = this.#due(path)
    if (work === undefined) return
    this.#restUntilMs.delete(path.id)
    this.#running.set(
      path.id,
      work(path)
        .catch((error: Error) => this.#failed(path, error))
        .finally(() => this.#running.delete(path.id)),
    )
  }

  #failed({ id }: Path, error: Error): void {
    this.#restUntilMs.set(id, this.#o.clock.nowMs() + DISTURBED_MS)
    if (error instanceof Disturbed) this.#o.log.debug('path not measured', { because: error.message })
    else this.#o.log.warn('cannot measure a path', { error: error.message })
  }

  /** When nothing is being measured: for tests, and before closing. */
  async settled(): Promise<void> {
    while (this.#running.size > 0) await Promise.all(this.#running.values())
  }

  async save(): Promise<void> {
    if (!this.#dirty) return
    await writeJson(fileIn(this.#o.stateDir), Object.fromEntries(this.measured.bytes))
    this.#dirty = false
  }

  /** What was learned of peers that are no longer planned is forgotten. */
  #plan(intent: NodeIntent): void {
    if (intent === this.#intent) return
    this.#intent = intent
    this.#planned = new Map(intent.interfaces.map((wg) => [idOf(wg), pathsOf(wg)]))
    const ids = new Set([...this.#planned.values()].flatMap((paths) => [...paths.values()].map((p) => p.id)))
    for (const map of [this.#known, this.#restUntilMs])
      for (const id of map.keys()) if (!ids.has(id)) map.delete(id)
  }

  #due({ id, wg, seen }: Path): ((path: Path) => Promise<void>) | undefined {
    const known = this.#known.get(id)
    const now = this.#o.clock.nowMs()
    if (known === undefined || this.#raised.has(idOf(wg))) return (path) => this.#measure(path)
    if (known.endpoint === undefined) {
      // As an earlier agent left it: believed until it is checked.
      this.#known.set(id, { ...known, endpoint: seen.endpoint, atMs: now, txBytes: seen.txBytes })
      return undefined
    }
    if (known.endpoint !== seen.endpoint) return (path) => this.#again(path)
    const age = now - known.measuredAtMs
    if (age >= AGAIN_MS && (known.bytes ?? 0) < wg.mtuBytes) return (path) => this.#again(path)
    const isBusy = seen.txBytes - known.txBytes >= TRAFFIC_BYTES
    return isBusy && now - known.atMs >= CHECK_MS ? (path) => this.#check(path) : undefined
  }

  /** Larger packets than the interface has now cannot be sent to see whether they arrive. */
  async #again(path: Path): Promise<void> {
    const known = this.#known.get(path.id)
    const isLowered = known?.bytes !== undefined && known.bytes < path.wg.mtuBytes
    if (!isLowered) return await this.#measure(path)
    this.#raised.add(idOf(path.wg))
    this.#o.onChange()
  }

  async #measure(path: Path): Promise<void> {
    const before = this.#known.get(path.id)?.bytes
    const bytes = await measurePath(this.#measurement(path))
    const nowMs = this.#o.clock.nowMs()
    const { endpoint, txBytes } = path.seen
    this.#known.set(path.id, { bytes, endpoint, atMs: nowMs, txBytes, measuredAtMs: nowMs })
    const siblings = [...(this.#planned.get(idOf(path.wg))?.values() ?? [])]
    const isLast = siblings.every(({ id }) => id === path.id || !this.#running.has(id))
    const wasRaised = isLast && this.#raised.delete(idOf(path.wg))
    if (bytes === before && !wasRaised) return
    this.#say(path, { before, bytes })
    this.#dirty = true
    this.#o.onChange()
  }

  #say(
    { wg, peer }: Path,
    { before, bytes }: { before: number | undefined; bytes: number | undefined },
  ): void {
    if (bytes === undefined || bytes === (before ?? wg.mtuBytes)) return
    const fields = { link: idOf(wg), peer: peer.node ?? peer.publicKey, bytes, plannedBytes: wg.mtuBytes }
    if (before !== undefined && bytes < before)
      this.#o.log.warn('path carries less than before', { ...fields, before })
    else this.#o.log.info('path measured', fields)
  }

  async #check(path: Path): Promise<void> {
    const known = this.#known.get(path.id)
    if (known === undefined) return
    const inUse = known.bytes ?? path.wg.mtuBytes
    const carries = await pathCarries(this.#measurement(path), inUse)
    if (carries === false) return await this.#measure(path)
    this.#known.set(path.id, { ...known, atMs: this.#o.clock.nowMs(), txBytes: path.seen.txBytes })
  }

  #measurement({ wg, address, seen }: Path): Measurement {
    const endpoint = parseEndpoint(seen.endpoint ?? '')?.host
    const mark = wg.fwmark === undefined ? {} : { mark: wg.fwmark }
    return {
      ...{ probe: this.#o.probe, clock: this.#o.clock, mostBytes: wg.mtuBytes },
      target: { address, through: { name: wg.name, container: wg.container } },
      outer: endpoint === undefined ? undefined : { address: endpoint, ...mark },
    }
  }
}

const BEFORE = { endpoint: undefined, atMs: 0, txBytes: 0 }

/** By public key. A peer whose address nobody knows cannot be asked. */
const pathsOf = (wg: WireGuardIntent): Map<string, PlannedPath> =>
  new Map(
    wg.peers.flatMap((peer): [string, PlannedPath][] => {
      const address = addressOf(wg, peer)
      const id = peerId(idOf(wg), peer.publicKey)
      return address === undefined ? [] : [[peer.publicKey, { id, wg, peer, address }]]
    }),
  )

const LINK_LOCAL = /^fe[89ab]/

/** An address that only this peer has: its own, the other end of a point-to-point address, or a whole allowed host. */
const addressOf = (wg: WireGuardIntent, peer: PeerIntent): string | undefined => {
  const whole = peer.allowedIPs.filter((prefix) => /^[^:]*\/32$|:.*\/128$/.test(prefix))
  const ends = wg.peers.length === 1 ? wg.addresses.flatMap((a) => a.peer ?? []) : []
  return [...(peer.hosts ?? []), ...ends, ...whole]
    .map((text) => text.split('/')[0] ?? '')
    .find((address) => !LINK_LOCAL.test(address))
}

const fileIn = (stateDir: string): string => join(stateDir, 'path-mtus.json')

/** By `peerId`. */
export const readPathMtus = async (stateDir: string): Promise<Record<string, number>> => {
  const value = await readJson(fileIn(stateDir))
  const entries = Object.entries(typeof value === 'object' && value !== null ? value : {})
  return Object.fromEntries(
    entries.filter((entry): entry is [string, number] => typeof entry[1] === 'number'),
  )
}
