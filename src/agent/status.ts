/**
 * What an agent tells about itself: RUN/agent.json, readable by everyone, without any secret. Rewritten only
 * when it changes.
 */
import { mkdirSync, renameSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import type { Backend, LinkSettings, Problem } from '../model/index.ts'
import type { PathPhase } from '../reconcile/index.ts'

export type AgentPhase = 'Converged' | 'Converging' | 'Failed'

export interface AgentStatus {
  readonly node: string
  readonly pid: number
  /** Counts the different contents of the source since the start; `observedGeneration` is the one in force. */
  readonly generation: number
  readonly observedGeneration: number
  /** Digest of the source's content that is in force. */
  readonly digest: string
  readonly phase: AgentPhase
  readonly convergedAtMs: number | undefined
  readonly conditions: readonly Condition[]
  readonly problems: readonly Problem[]
  /** WireGuard. */
  readonly interfaces: readonly InterfaceStatus[]
  /** Everything else that NetlinkInterface objects ask for, as far as it is there. */
  readonly links: readonly LinkStatus[]
  /** What each object that asks something of this node has come to. */
  readonly objects: readonly ObjectStatus[]
  readonly repairs: readonly Repair[]
  /** This agent refuses what would cut it off, and takes back what is not confirmed. */
  readonly guarded?: true
  /** A change that is in force for now. */
  readonly pending?: PendingStatus
  /** Digest of what the source has and this host would not survive: see WouldCutOff. */
  readonly refusedDigest?: string
}

export interface PendingStatus {
  readonly id: string
  /** `pushed from 192.0.2.7` */
  readonly reason: string
  /** Then it is taken back. Since the epoch, by the clock as it was when it came. */
  readonly untilMs: number
  readonly awaits: 'application' | 'checks' | 'confirmation'
  /** Addresses that answered before it and do not now. */
  readonly silent: readonly string[]
}

export interface Condition {
  /** `Confirmed` is there only while a change waits, or after one was taken back. */
  readonly type: 'SourceReady' | 'Accepted' | 'Converged' | 'Confirmed'
  readonly status: boolean
  readonly reason: string
  readonly message: string
}

/** What any link has to show (GC-15). */
export interface LinkFacts {
  readonly name: string
  /** `docker:web`; undefined in the node's own namespace. */
  readonly container: string | undefined
  /** `NetlinkInterface/default/br0` */
  readonly owner: string
  /** IFLA_INFO_KIND. */
  readonly kind: string
  readonly index: number
  readonly up: boolean
  /** IF_OPER_* */
  readonly operState: string
  /** IFF_* */
  readonly flags: readonly string[]
  readonly mtuBytes: number
  readonly hardwareAddress: string | undefined
  readonly master: string | undefined
  readonly altNames: readonly string[]
  readonly addresses: readonly string[]
}

export interface LinkStatus extends LinkFacts {
  readonly settings: LinkSettings
  /** Of a bridge or VRF. */
  readonly ports: readonly string[] | undefined
  /** Of a veth. */
  readonly peer: PeerLinkStatus | undefined
}

export interface PeerLinkStatus {
  readonly name: string
  readonly container: string | undefined
  /** Undefined when it is not where it belongs. */
  readonly operState: string | undefined
  readonly flags: readonly string[]
  readonly mtuBytes: number | undefined
  readonly addresses: readonly string[]
}

export interface InterfaceStatus extends LinkFacts {
  readonly backend: Backend | undefined
  readonly publicKey: string | undefined
  readonly listenPort: number
  readonly peers: readonly PeerStatus[]
}

export interface ObjectStatus {
  readonly kind: string
  readonly namespace: string
  readonly name: string
  /** `metadata.generation` where the source counts; otherwise how often what it asks has changed since the start. */
  readonly generation: number
  /** The generation that `conditions` are about. */
  readonly observedGeneration: number
  readonly conditions: readonly ObjectCondition[]
}

export interface ObjectCondition {
  readonly type: 'Ready'
  readonly status: boolean
  /** `AsWanted`, or why not: `ContainerMissing`, `ParentMissing`, `PortMissing`, `ReplaceNeeded`, `LinkNotOurs`, … */
  readonly reason: string
  readonly message: string
  readonly hint?: string
}

export interface PeerStatus {
  readonly publicKey: string
  readonly node: string | undefined
  readonly endpoint: string | undefined
  readonly allowedIPs: readonly string[]
  readonly lastHandshakeMs: number | undefined
  readonly rxBytes: number
  readonly txBytes: number
  /** Of a direct path: whether it is in use. */
  readonly path: 'always' | PathPhase
  /** The largest packet inside the tunnel that arrives there; absent while nobody has measured. */
  readonly pathMtuBytes?: number
}

export interface Repair {
  readonly atMs: number
  /** From the event to the host being as wanted again. */
  readonly tookMs: number
  /** The commands that did it, as one would type them. */
  readonly what: readonly string[]
  /** What told us. */
  readonly cause: string
}

export class StatusFile {
  readonly #path: string
  #last = ''

  constructor(path: string) {
    this.#path = path
  }

  /** What kept it from being written, if anything. The network does not depend on it. */
  write(status: AgentStatus): string | undefined {
    const text = `${JSON.stringify(status)}\n`
    if (text === this.#last) return undefined
    try {
      mkdirSync(dirname(this.#path), { recursive: true, mode: 0o755 })
      writeFileSync(`${this.#path}.new`, text, { mode: 0o644 })
      renameSync(`${this.#path}.new`, this.#path)
      this.#last = text
      return undefined
    } catch (error) {
      return (error as Error).message
    }
  }
}
