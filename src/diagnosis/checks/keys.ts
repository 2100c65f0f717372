/** Each end has the key that the other has for it: otherwise a handshake is silence, as if nobody were there. */
import { deviceAt, isAlive, type LegCheck, peerAt } from '../context.ts'
import { findingsOf } from '../finding.ts'

const PUSH = "warren push PLAN --via 'ssh root@{node}'"

export const keys: LegCheck = (context) => {
  const { near, far, facts } = context
  const own = deviceAt(facts.get(near.node), near.interface.name)
  if (own === undefined) return undefined
  const { ok, fails, unknown } = findingsOf('keys', near.node)
  if (isAlive(context, context)) return ok(`${near.node} and ${far.node} know each other's keys`)
  if (own.publicKey === null)
    return fails({
      says: `${near.interface.name} has no private key`,
      because: 'it can neither call nor answer',
      fix: ['systemctl restart warren-agent', 'warren node status'],
    })
  if (far.peer.publicKey !== own.publicKey)
    return fails({
      says: `the key of ${near.node} is ${short(own.publicKey)}, but the plan has ${short(far.peer.publicKey)} for it`,
      because: `${far.node} does not know whoever calls with that key, and says nothing`,
      fix: ["warren keys PLAN --via 'ssh root@{node}' --accept-new-keys", PUSH],
    })
  const peer = peerAt(facts.get(near.node), near)
  if (peer === undefined)
    return fails({
      says: `${near.interface.name} at ${near.node} has no peer ${far.node} (${short(near.peer.publicKey)})`,
      because: 'it drops what comes from an unknown key',
      fix: [PUSH],
    })
  const other = peerAt(facts.get(far.node), far)
  if (other !== undefined && other.presharedKeyDigest !== peer.presharedKeyDigest)
    return fails({
      says: `${near.node} and ${far.node} have different preshared keys for each other`,
      because: 'the handshake is refused without a word',
      fix: [PUSH],
    })
  if (other === undefined && !facts.has(far.node))
    return unknown(`the keys at ${far.node} were not looked at`)
  return ok(`${near.node} and ${far.node} know each other's keys`)
}

const short = (key: string): string => `${key.slice(0, 8)}…`
