/**
 * WireGuard interfaces as links: made, moved, deleted. One that is to live in a container is made in the node's own
 * namespace, where its UDP socket then stays, and moved:
 *
 *   node's own    wrnabcdefgh ──── RTM_NEWLINK (IFLA_NET_NS_FD, IFLA_IFNAME) ───▶  container   wg0, then its mark
 *
 * If the agent ends in between, a link with the name of the birth is left in one of the two; it is known for ours
 * by that name (container-record.ts).
 */
import { setTimeout as pause } from 'node:timers/promises'
import { altNameOf, birthNameOf } from '../model/index.ts'
import type { Step } from '../model/index.ts'
import type { ApplyOptions } from './apply-steps.ts'
import { linkIdIn } from './by-link.ts'
import type { NetworkNamespace } from './namespaces/network-namespace.ts'

type Create = Extract<Step, { kind: 'link-create' }>

export const createWireGuard = async (step: Create, o: ApplyOptions): Promise<void> => {
  const { here, namespaces } = o
  const isHere = here === namespaces.host
  const birth = isHere ? step.link : birthNameOf(linkIdIn(step.link, here.name))
  if (!isHere && namespaces.host.routes.link(birth) !== undefined) namespaces.host.routes.deleteLink(birth)
  if (step.backend === 'kernel')
    namespaces.host.routes.addLink({ name: birth, kind: 'wireguard', mtuBytes: step.mtuBytes })
  else await startNew(step, { birth, o })
  if (!isHere) move(birth, step.link, o)
  here.routes.setLink(step.link, { addAltNames: [altNameOf(step.link)] })
  // wireguard-go chooses its own.
  if (mtuOf(step.link, here) !== step.mtuBytes) here.routes.setLink(step.link, { mtuBytes: step.mtuBytes })
}

const startNew = async (step: Create, { birth, o }: { birth: string; o: ApplyOptions }): Promise<void> => {
  await predecessorGone(step.link, o)
  await o.launcher.start(birth, { mtuBytes: step.mtuBytes, fwmark: step.fwmark })
}

/** Renamed on its way, because a name that is free in one namespace may be taken in the other. */
const move = (birth: string, link: string, { here, namespaces }: ApplyOptions): void => {
  const { routes } = namespaces.host
  try {
    routes.setLink(birth, { name: link, netns: here.fd })
  } catch (error) {
    // A namespace that is gone, or a name that is taken: nothing of it is to stay behind.
    if (routes.link(birth) !== undefined) routes.deleteLink(birth)
    throw error
  }
}

const mtuOf = (link: string, here: NetworkNamespace): number => here.routes.link(link)?.mtuBytes ?? 1420

/**
 * A link that is not persistent goes with its process, and may do so between the look and this step. In a container
 * no process can take hold of it again: it is made anew.
 */
export const startWireGuard = async (
  step: Extract<Step, { kind: 'device-start' }>,
  o: ApplyOptions,
): Promise<void> => {
  const { here } = o
  const mtuBytes = mtuOf(step.link, here)
  const { fwmark } = step
  if (here !== o.namespaces.host) {
    if (here.routes.link(step.link) !== undefined) await deleteWireGuard(step.link, o)
    const again = { kind: 'link-create', link: step.link, backend: 'userspace', mtuBytes } as const
    return await createWireGuard({ ...again, ...(fwmark === undefined ? {} : { fwmark }) }, o)
  }
  await o.launcher.start(step.link, { mtuBytes, fwmark })
  const mark = altNameOf(step.link)
  if (here.routes.link(step.link)?.altNames.includes(mark) === false)
    here.routes.setLink(step.link, { addAltNames: [mark] })
}

const GONE_TIMEOUT_MS = 5_000

/** The process of a deleted link takes its socket's file away when it ends; that must not be the new one's. */
const predecessorGone = async (link: string, o: ApplyOptions): Promise<void> => {
  const deadline = performance.now() + GONE_TIMEOUT_MS
  while (performance.now() < deadline && (await o.here.isServed(link))) await pause(5)
}

/** A process that serves the link lets go of it a moment later; its name is free only then. */
export const deleteWireGuard = async (link: string, { here }: ApplyOptions): Promise<void> => {
  here.routes.deleteLink(link)
  const deadline = performance.now() + GONE_TIMEOUT_MS
  while (here.routes.link(link) !== undefined && performance.now() < deadline) await pause(5)
}
