/**
 * In which order nodes get a new plan, so that it never cuts off those still waiting for theirs. Pure.
 *
 * An anchor is a node that others call: a hub, a relay, any node whose endpoint somebody knows. Usually anchors
 * go first, one by one, and the rest then find them ready. But when an anchor's own port or key changes, whoever
 * is reached through it would be lost the moment it changes; then all who call it go first, over the tunnel as
 * it still is, and the anchor, which is reachable from outside by its nature, goes last.
 */
import type { NodeIntent } from '../../model/index.ts'

/** What a node has now, as it said itself. */
export interface RunningInterface {
  readonly name: string
  readonly publicKey: string | undefined
  readonly listenPort: number
}

export interface PushStage {
  readonly nodes: readonly string[]
  /** Others call these. One by one: two at once could leave a moment without any. */
  readonly anchor: boolean
}

export interface PushOrderOptions {
  /** Those that get something; a phone does not. */
  readonly nodes: readonly string[]
  readonly running: ReadonlyMap<string, readonly RunningInterface[]>
  /** The node on which the push is run, if it is one. */
  readonly self?: string
}

export function pushOrder(
  intents: ReadonlyMap<string, NodeIntent>,
  { nodes, running, self }: PushOrderOptions,
): PushStage[] {
  const called = new Set<string>()
  for (const intent of intents.values()) {
    for (const peer of intent.interfaces.flatMap((one) => one.peers)) {
      if (peer.endpoint && peer.path === 'always') called.add(peer.publicKey)
    }
  }
  const anchors: string[] = []
  const others: string[] = []
  for (const node of nodes) {
    const interfaces = intents.get(node)?.interfaces ?? []
    // Without a key nobody has it as a peer yet; that it relays is known all the same.
    const isCalled = interfaces.some((one) =>
      one.publicKey === undefined ? one.forwards.inet || one.forwards.inet6 : called.has(one.publicKey),
    )
    ;(isCalled ? anchors : others).push(node)
  }
  const moves = anchors.some((node) => changesHowItIsCalled(intents.get(node), running.get(node) ?? []))
  const last = moves ? others.filter((node) => node === self) : []
  const stages: PushStage[] = [
    { nodes: anchors, anchor: true },
    { nodes: others.filter((node) => !last.includes(node)), anchor: false },
  ]
  const ordered = moves ? [...stages.toReversed(), { nodes: last, anchor: false }] : stages
  return ordered.filter((stage) => stage.nodes.length > 0)
}

function changesHowItIsCalled(intent: NodeIntent | undefined, running: readonly RunningInterface[]): boolean {
  return running.some((now) => {
    const wanted = intent?.interfaces.find((one) => one.name === now.name)
    if (!wanted) return true
    const key =
      now.publicKey !== undefined && wanted.publicKey !== undefined && now.publicKey !== wanted.publicKey
    return key || (wanted.listenPort !== undefined && wanted.listenPort !== now.listenPort)
  })
}
