/** A plan for people: one line per interface of every node, or everything about one node. Pure. */
import {
  netnsNameOf,
  type NodeIntent,
  type PeerIntent,
  type RouteIntent,
  type WireGuardIntent,
} from '../../model/index.ts'
import type { PlanResult } from '../../plan/index.ts'
import { endpointText } from '../../reconcile/index.ts'
import type { Paint } from '../terminal/paint.ts'
import { formatTable } from '../terminal/table.ts'
import { addressText } from './address-text.ts'
import { formatLink, formatLinkTable } from './link-text.ts'

/** peer-2 before peer-10. */
const byNumber = new Intl.Collator('en', { numeric: true })

const HEADER = ['NODE', 'INTERFACE', 'ADDRESSES', 'PORT', 'PEERS', 'KEY']

export function formatPlanTable(result: Pick<PlanResult, 'intents' | 'links'>, paint: Paint): string {
  const direct = directPeers(result.links)
  const intents = [...result.intents.values()].toSorted((a, b) => byNumber.compare(a.node, b.node))
  const rows = intents.flatMap((intent) =>
    intent.interfaces.map((wanted) => [
      paint.bold(intent.node),
      wanted.name + (wanted.forwards.inet || wanted.forwards.inet6 ? ' (relays)' : ''),
      wanted.addresses.map(addressText).join(', '),
      wanted.listenPort === undefined ? 'any' : String(wanted.listenPort),
      peersText(wanted, plannedPeers(intent, wanted, direct)),
      wanted.publicKey === undefined ? paint.yellow('not made yet') : `${wanted.publicKey.slice(0, 8)}…`,
    ]),
  )
  const interfaces = rows.length === 0 ? '' : formatTable(HEADER, rows, paint)
  return [interfaces, formatLinkTable(intents, paint)].filter((table) => table !== '').join('\n')
}

/** Peers that have no key yet are not configured anywhere, but they are planned: they are named. */
export function formatNodePlan(intent: NodeIntent, links: PlanResult['links'], paint: Paint): string {
  const direct = directPeers(links.filter(({ a, b }) => a === intent.node || b === intent.node))
  const interfaces = intent.interfaces.map((wanted) => {
    const keyless = (plannedPeers(intent, wanted, direct) ?? [])
      .filter((name) => !wanted.peers.some((peer) => peer.node === name))
      .toSorted((a, b) => byNumber.compare(a, b))
      .map((name) => `  peer ${paint.bold(name)}: ${paint.yellow('no key yet')}\n`)
    return formatInterface(wanted, paint) + keyless.join('')
  })
  return [...interfaces, ...intent.links.map((link) => formatLink(link, paint))].join('\n')
}

/** Of this node and of its direct peers. */
export function keysMissingFor(
  { node }: NodeIntent,
  { links, publicKeysMissing }: Pick<PlanResult, 'links' | 'publicKeysMissing'>,
): PlanResult['publicKeysMissing'] {
  const direct = directPeers(links.filter(({ a, b }) => a === node || b === node)).get(node)
  return publicKeysMissing.filter(
    (missing) => missing.node === node || direct?.get(missing.network)?.includes(missing.node),
  )
}

function formatInterface(wanted: WireGuardIntent, paint: Paint): string {
  const rows: [string, string][] = [
    ['public key', wanted.publicKey ?? 'not made yet'],
    ['addresses', wanted.addresses.map(addressText).join(', ')],
    ['listen port', wanted.listenPort === undefined ? 'any' : String(wanted.listenPort)],
    ['mtu', String(wanted.mtuBytes)],
  ]
  if (wanted.container !== undefined) rows.push(['in', netnsNameOf(wanted.container)])
  if (wanted.fwmark !== undefined) rows.push(['fwmark', `0x${wanted.fwmark.toString(16)}`])
  if (wanted.routes.length > 0) rows.push(['routes', wanted.routes.map(routeText).join(', ')])
  const families = [wanted.forwards.inet ? 'IPv4' : '', wanted.forwards.inet6 ? 'IPv6' : ''].filter(Boolean)
  if (families.length > 0) rows.push(['relays', families.join(' and ')])
  const head = `${paint.bold(wanted.name)}  ${paint.dim(`${wanted.owner.kind}/${wanted.owner.name}`)}\n`
  const lines = rows.map(([key, value]) => `  ${key}: ${value}\n`).join('')
  return (
    head +
    lines +
    byName(wanted.peers)
      .map((peer) => formatPeer(peer, paint))
      .join('')
  )
}

function byName(peers: readonly PeerIntent[]): PeerIntent[] {
  return peers.toSorted((a, b) => byNumber.compare(a.node ?? a.publicKey, b.node ?? b.publicKey))
}

function formatPeer(peer: PeerIntent, paint: Paint): string {
  const facts = [
    peer.allowedIPs.join(', '),
    peer.endpoint ? `at ${endpointText(peer.endpoint)}` : 'calls in',
    peer.persistentKeepaliveSeconds > 0 ? `keepalive ${peer.persistentKeepaliveSeconds} s` : '',
    peer.presharedKey ? 'preshared key' : '',
    peer.path === 'while-alive' ? 'while the direct path lives' : '',
  ].filter((fact) => fact !== '')
  return `  peer ${paint.bold(peer.node ?? peer.publicKey)}: ${facts.join('; ')}\n`
}

function peersText(wanted: WireGuardIntent, planned: readonly string[] | undefined): string {
  const names = planned ?? wanted.peers.map((peer) => peer.node ?? `${peer.publicKey.slice(0, 8)}…`)
  return names.length > 4 ? String(names.length) : names.toSorted((a, b) => byNumber.compare(a, b)).join(', ')
}

/**
 * Those without a key are no peers yet, but the plan says already who they will be. Undefined for an interface
 * that is written by hand.
 */
function plannedPeers(
  intent: NodeIntent,
  wanted: WireGuardIntent,
  direct: ReadonlyMap<string, ReadonlyMap<string, readonly string[]>>,
): readonly string[] | undefined {
  if (wanted.linkPeer !== undefined) return [wanted.linkPeer]
  if (wanted.owner.kind !== 'WireGuardNetworkPlan') return undefined
  return direct.get(intent.node)?.get(networkOf(wanted)) ?? []
}

/** Node → network → who is a direct peer there. */
function directPeers(links: PlanResult['links']): Map<string, Map<string, string[]>> {
  const peers = new Map<string, Map<string, string[]>>()
  const add = (from: string, to: string, network: string): void => {
    const networks = getOrAdd(peers, from, () => new Map<string, string[]>())
    getOrAdd(networks, network, () => []).push(to)
  }
  for (const { a, b, network } of links) {
    add(a, b, network)
    add(b, a, network)
  }
  return peers
}

function getOrAdd<K, V>(map: Map<K, V>, key: K, make: () => V): V {
  const value = map.get(key) ?? make()
  map.set(key, value)
  return value
}

function networkOf({ owner }: WireGuardIntent): string {
  return `${owner.namespace}/${owner.name}`
}

function routeText(route: RouteIntent): string {
  return route.table === 254 ? route.destination : `${route.destination} (table ${route.table})`
}
