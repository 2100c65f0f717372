/** What a user should know of paths that carry less than planned. */
import type { NodeIntent, PeerIntent, Problem, WireGuardIntent } from '../../model/index.ts'
import { leastMtu, peerId } from '../../reconcile/index.ts'
import { idOf } from '../by-link.ts'

export const pathMtuProblems = (
  intent: NodeIntent | undefined,
  measured: ReadonlyMap<string, number>,
): Problem[] =>
  measured.size === 0 || intent === undefined
    ? []
    : intent.interfaces.flatMap((wg) =>
        wg.peers.flatMap((peer) => {
          const bytes = measured.get(peerId(idOf(wg), peer.publicKey))
          return bytes === undefined || bytes >= wg.mtuBytes
            ? []
            : [problemOf({ wg, peer, bytes, leastBytes: leastMtu(wg, intent.links) })]
        }),
      )

const problemOf = (o: {
  readonly wg: WireGuardIntent
  readonly peer: PeerIntent
  readonly bytes: number
  readonly leastBytes: number
}): Problem => {
  const { wg, peer, bytes, leastBytes: least } = o
  const path = idOf(wg)
  const to = peer.node ?? peer.publicKey
  if (bytes < least)
    return {
      code: 'PathMtuBelowIpv6',
      path,
      message: `packets over ${bytes} bytes reach ${to} in fragments or not at all, and ${wg.name} needs ${least}`,
      hint: 'Find the link with the small MTU on the way.',
      severity: 'warning',
    }
  return {
    code: 'PathMtuSmall',
    path,
    message: `${to} is reached by packets of up to ${bytes} bytes; the plan says ${wg.mtuBytes}`,
    hint: `Nothing has to be done; \`mtu: ${bytes}\` in the plan would have it from the start.`,
    severity: 'warning',
  }
}
