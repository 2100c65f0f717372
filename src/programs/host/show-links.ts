/**
 * What the agent of this machine keeps beside WireGuard in the node's own namespace: links of other kinds, and
 * interfaces in containers. As the agent saw them last; without an agent nobody knows which are ours.
 */
import type { AgentStatus } from '../../agent/index.ts'
import type { Paint } from '../terminal/paint.ts'

type Link = AgentStatus['links'][number]

/** What may be seen by everybody. */
export type ShownLink = Pick<
  Link,
  'name' | 'kind' | 'up' | 'operState' | 'mtuBytes' | 'addresses' | 'flags' | 'altNames' | 'index' | 'owner'
> & {
  readonly container: string | null
  readonly hardwareAddress: string | null
  readonly master: string | null
  readonly ports: readonly string[] | null
  readonly peer: { readonly name: string; readonly container: string | null } | null
  readonly settings: Link['settings']
}

export function linksOf(status: AgentStatus | undefined): ShownLink[] {
  const inContainers = (status?.interfaces ?? []).filter((one) => one.container !== undefined)
  const links: readonly Link[] | undefined = status?.links
  return [
    ...inContainers.map((one) => toShown({ ...one, settings: {}, ports: undefined, peer: undefined })),
    ...(links ?? []).map(toShown),
  ]
}

const toShown = (one: Link): ShownLink => ({
  name: one.name,
  container: one.container ?? null,
  kind: one.kind,
  owner: one.owner,
  index: one.index,
  up: one.up,
  operState: one.operState,
  flags: one.flags,
  mtuBytes: one.mtuBytes,
  hardwareAddress: one.hardwareAddress ?? null,
  altNames: one.altNames,
  addresses: one.addresses,
  master: one.master ?? null,
  ports: one.ports ?? null,
  peer: one.peer === undefined ? null : { name: one.peer.name, container: one.peer.container ?? null },
  settings: one.settings,
})

const place = (one: { readonly name: string; readonly container: string | null }): string =>
  one.container === null ? one.name : `${one.name} in ${one.container}`

export function formatLink(one: ShownLink, paint: Paint): string {
  const settings = Object.entries(one.settings).map(([name, value]) => `${name} ${value}`)
  const lines = [
    `${paint.green('link')}: ${paint.bold(place(one))} (${one.kind}${one.up ? '' : ', down'})`,
    `  addresses: ${one.addresses.join(', ') || '(none)'}`,
    `  mtu: ${one.mtuBytes}`,
    ...(one.hardwareAddress === null ? [] : [`  hardware address: ${one.hardwareAddress}`]),
    ...(one.master === null ? [] : [`  port of: ${one.master}`]),
    ...(one.ports === null ? [] : [`  ports: ${one.ports.join(', ') || '(none)'}`]),
    ...(one.peer === null ? [] : [`  other end: ${place(one.peer)}`]),
    ...(settings.length === 0 ? [] : [`  settings: ${settings.join(', ')}`]),
    `  wanted by: ${one.owner}`,
  ]
  return `${lines.join('\n')}\n`
}
