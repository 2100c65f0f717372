/** Whether the two ends have a session that works now. What comes before explained why not, if it could be seen. */
import { HANDSHAKE_STALE_MS } from '../../reconcile/index.ts'
import { delivered, isAlive, type LegCheck, type LegContext, peerAt } from '../context.ts'
import { type Finding, findingsOf } from '../finding.ts'

export const handshake: LegCheck = (context) => {
  const { near, far, facts } = context
  const own = facts.get(near.node)
  if (own === undefined) return undefined
  const peer = peerAt(own, near)
  const { ok, fails } = findingsOf('handshake', near.node)
  const last = peer?.lastHandshakeMs ?? null
  const ago = last === null ? undefined : own.nowMs - last
  if (isAlive(context, context))
    return ok(`with ${far.node}${ago === undefined ? '' : `, ${agoText(ago)} ago`}`)
  if (!facts.has(far.node)) return fails(unseen(context, ago))
  return fails({ ...what(context, ago), because: silence(context), fix: between(context) })
}

const unseen = (
  { near, far }: LegContext,
  ago: number | undefined,
): Pick<Finding, 'says' | 'because' | 'fix'> => ({
  says: `${near.node} hears nothing from ${far.node}${ago === undefined ? ', and never did' : ` for ${agoText(ago)}`}`,
  because: `${far.node} could not be asked; it may be down, or cut off altogether`,
  fix: [`Look at ${far.node} itself: is it on, is its network up?`],
})

const what = ({ near, far }: LegContext, ago: number | undefined): { says: string } => {
  if (ago === undefined) return { says: `${near.node} and ${far.node} never shook hands` }
  return ago > HANDSHAKE_STALE_MS
    ? {
        says: `the last handshake of ${near.node} with ${far.node} is ${agoText(ago)} old, and no new one succeeds`,
      }
    : { says: `${near.node} and ${far.node} shook hands ${agoText(ago)} ago, but nothing passes now` }
}

const silence = (context: LegContext): string => {
  const { near, far } = context
  const forth = delivered(context, { from: near, to: far })
  const back = delivered(context, { from: far, to: near })
  const one = 'keys, routes, sockets and packet filters of both ends are in order, so something between them'
  if (forth && !back) return `${one} drops what ${far.node} sends`
  if (back && !forth) return `${one} drops what ${near.node} sends`
  return `${one} drops the UDP datagrams: a firewall or a router on the way`
}

const between = (context: LegContext): string[] => {
  const { near, far, facts } = context
  const at = peerAt(facts.get(near.node), near)?.endpoint ?? undefined
  const port = at?.slice(at.lastIndexOf(':') + 1) ?? String(far.interface.listenPort ?? 51820)
  return [
    `tcpdump -ni any udp port ${port}    # on ${near.node} and on ${far.node}: which of them sees what`,
    `Let UDP port ${port} to ${far.node} through on every firewall and router between them.`,
  ]
}

export const agoText = (ms: number): string => {
  const seconds = Math.max(0, Math.round(ms / 1000))
  if (seconds < 120) return `${seconds} s`
  if (seconds < 7200) return `${Math.round(seconds / 60)} min`
  return `${Math.round(seconds / 3600)} h`
}
