/**
 * What an agent tells about itself: RUN/agent.json, readable by everyone, without any secret. Rewritten only
 * when it changes.
 */
import { mkdirSync, renameSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import type { AddressIntent, Backend, NodeIntent, ObservedHost, Problem } from '../model/index.ts'
import type { PathPhase, PathState } from '../reconcile/index.ts'
import { peerId } from '../reconcile/index.ts'

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
  readonly interfaces: readonly InterfaceStatus[]
  readonly repairs: readonly Repair[]
}

export interface Condition {
  readonly type: 'SourceReady' | 'Accepted' | 'Converged'
  readonly status: boolean
  readonly reason: string
  readonly message: string
}

export interface InterfaceStatus {
  readonly name: string
  readonly backend: Backend | undefined
  readonly publicKey: string | undefined
  readonly listenPort: number
  readonly addresses: readonly string[]
  readonly up: boolean
  readonly mtuBytes: number
  readonly peers: readonly PeerStatus[]
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

export const addressText = (a: AddressIntent): string =>
  a.peer === undefined ? `${a.local}/${a.prefixLength}` : `${a.local} peer ${a.peer}/${a.prefixLength}`

export const interfaceStatuses = (
  intent: NodeIntent,
  observed: ObservedHost,
  paths: ReadonlyMap<string, PathState>,
): InterfaceStatus[] =>
  intent.interfaces.flatMap((wg) => {
    const link = observed.links.find((l) => l.name === wg.name)
    const device = observed.wireguard.find((d) => d.link === wg.name)
    if (link === undefined) return []
    const planned = new Map(wg.peers.map((p) => [p.publicKey, p]))
    return [
      {
        name: wg.name,
        backend: device?.backend,
        publicKey: device?.publicKey,
        listenPort: device?.listenPort ?? 0,
        addresses: observed.addresses.filter((a) => a.link === wg.name).map(addressText),
        up: link.up,
        mtuBytes: link.mtuBytes,
        peers: (device?.peers ?? []).map((peer) => ({
          publicKey: peer.publicKey,
          node: planned.get(peer.publicKey)?.node,
          endpoint: peer.endpoint,
          allowedIPs: peer.allowedIPs,
          lastHandshakeMs: peer.lastHandshakeMs,
          rxBytes: peer.rxBytes,
          txBytes: peer.txBytes,
          path:
            planned.get(peer.publicKey)?.path === 'while-alive'
              ? (paths.get(peerId(wg.name, peer.publicKey))?.phase ?? 'probing')
              : 'always',
        })),
      },
    ]
  })

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
