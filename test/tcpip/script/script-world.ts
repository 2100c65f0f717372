/** What a scenario has in its hands: one stack, its clock, the ends that talk to it and what it sent. */
import assert from 'node:assert/strict'
import type {
  StackDrop,
  StackLimits,
  StackListener,
  TcpSettings,
} from '../../../src/protocols/tcpip/index.ts'
import { PagePool } from '../../../src/streams/index.ts'
import { StackHost } from '../stack-host.ts'
import { decodeIp, decodeSegment, formatSegment, type Segment } from '../wire/segment.ts'
import { ScriptPeer } from './script-peer.ts'

export interface SentPacket {
  readonly bytes: Uint8Array
  readonly atMs: number
}

const OURS = { 4: '10.0.0.1', 6: 'fd00::1' } as const
const THEIRS = { 4: '10.0.0.2', 6: 'fd00::2' } as const
const START_MS = 1_000
const POOL_BYTES = 48 * 1024 * 1024

export class ScriptWorld {
  family: 4 | 6 = 4
  startMs = START_MS
  seed = 1
  mtuBytes = 1500
  settings: Partial<TcpSettings> = {}
  limits: Partial<StackLimits> = {}
  listener: StackListener | undefined
  accepted = 0
  lastDrop: StackDrop | undefined
  readonly unseen: SentPacket[] = []
  readonly trace: string[] = []
  /** The last packet of each connection, for quoting it in an ICMP error. */
  readonly lastSent = new Map<string, Uint8Array>()
  pool = new PagePool({ maxBytes: POOL_BYTES })
  #peers: ScriptPeer[] = []
  #peer: ScriptPeer | undefined
  #host: StackHost | undefined

  /** Made when it is first needed: what stands before it is about how. */
  get host(): StackHost {
    this.#host ??= new StackHost({
      ...{ seed: this.seed, nowMs: this.startMs, mtuBytes: this.mtuBytes },
      ...{ limits: this.limits, tcp: this.settings, pool: this.#ownPool() },
      onPacket: (bytes, atMs) => this.#sent(bytes, atMs),
    })
    return this.#host
  }

  get isMade(): boolean {
    return this.#host !== undefined
  }

  get nowMs(): number {
    return this.host.nowMs
  }

  /** The connection that lines are about. */
  get peer(): ScriptPeer {
    this.#peer ??= this.choose('a', {})
    return this.#peer
  }

  choose(name: string, ports: { localPort?: number; remotePort?: number; address?: string }): ScriptPeer {
    let peer = this.#peers.find((known) => known.name === name)
    if (peer === undefined) {
      peer = new ScriptPeer(name, {
        ...{ ours: OURS[this.family], theirs: ports.address ?? THEIRS[this.family] },
        ...{ localPort: ports.localPort ?? 80, remotePort: ports.remotePort ?? 50_000 },
      })
      this.#peers.push(peer)
    }
    this.#peer = peer
    return peer
  }

  peerOf(remotePort: number, remoteAddress: string): ScriptPeer | undefined {
    return this.#peers.find(
      ({ address }) => address.remotePort === remotePort && address.theirs === remoteAddress,
    )
  }

  /** A bound in the limits is the stack's to keep. */
  #ownPool(): PagePool {
    const { bufferBytes } = this.limits
    if (bufferBytes !== undefined) this.pool = new PagePool({ maxBytes: bufferBytes })
    return this.pool
  }

  pass(durationMs: number): void {
    if (durationMs > 0) this.host.run(durationMs)
  }

  /** Stops at the first packet. */
  passUntilSent(durationMs: number): void {
    const until = this.nowMs + durationMs
    while (this.unseen.length === 0 && this.host.step(until));
  }

  note(what: string): void {
    this.trace.push(`${String(this.nowMs - this.startMs).padStart(7)} ms ${what}`)
  }

  noteSegment(sign: string, segment: Segment): void {
    const { irs, iss } = this.peer
    this.note(`${sign} ${formatSegment(segment, { sequence: irs, acknowledgment: iss ?? 0 })}`)
  }

  describe(bytes: Uint8Array): string {
    const segment = decodeSegment(bytes)
    if (segment === undefined) return `protocol ${decodeIp(bytes).protocol}, ${bytes.length} bytes`
    const peer = this.#peers.find((known) => known.owns(segment))
    const text = formatSegment(segment, { sequence: peer?.iss ?? 0, acknowledgment: peer?.irs ?? 0 })
    return peer === this.#peer ? text : `(${peer?.name ?? `port ${segment.destinationPort}`}) ${text}`
  }

  #sent(bytes: Uint8Array, atMs: number): void {
    const segment = decodeSegment(bytes)
    if (segment) {
      const peer = this.#peers.find((known) => known.owns(segment))
      peer?.see(segment)
      if (peer) this.lastSent.set(peer.name, bytes)
      assert.equal(
        bytes[0]! >> 4 === 4 ? decodeIp(bytes).dontFragment : true,
        true,
        'do not fragment (RFC 1191 §3)',
      )
    }
    this.note(`> ${this.describe(bytes)}`)
    this.unseen.push({ bytes, atMs })
  }
}
