/** A plan for people: one line per interface of every node, or everything about one node. Pure. */
import type {
  AddressIntent,
  NodeIntent,
  PeerIntent,
  RouteIntent,
  WireGuardIntent,
} from '../../model/index.ts'
import { endpointText } from '../../reconcile/index.ts'
import type { Paint } from '../terminal/paint.ts'
import { formatTable } from '../terminal/table.ts'

const HEADER = ['NODE', 'INTERFACE', 'ADDRESSES', 'PORT', 'PEERS', 'KEY']

export function formatPlanTable(intents: Iterable<NodeIntent>, paint: Paint): string {
  const rows = [...intents].flatMap((intent) =>
    intent.interfaces.map((wanted) => [
      paint.bold(intent.node),
      wanted.name + (wanted.forwards.inet || wanted.forwards.inet6 ? ' (relays)' : ''),
      wanted.addresses.map(addressText).join(', '),
      wanted.listenPort === undefined ? 'any' : String(wanted.listenPort),
      peersText(wanted.peers),
      wanted.publicKey === undefined ? paint.yellow('not made yet') : `${wanted.publicKey.slice(0, 8)}…`,
    ]),
  )
  return formatTable(HEADER, rows, paint)
}

export function formatNodePlan(intent: NodeIntent, paint: Paint): string {
  return intent.interfaces.map((wanted) => formatInterface(wanted, paint)).join('\n')
}

function formatInterface(wanted: WireGuardIntent, paint: Paint): string {
  const rows: [string, string][] = [
    ['public key', wanted.publicKey ?? 'not made yet'],
    ['addresses', wanted.addresses.map(addressText).join(', ')],
    ['listen port', wanted.listenPort === undefined ? 'any' : String(wanted.listenPort)],
    ['mtu', String(wanted.mtuBytes)],
  ]
  if (wanted.fwmark !== undefined) rows.push(['fwmark', `0x${wanted.fwmark.toString(16)}`])
  if (wanted.routes.length > 0) rows.push(['routes', wanted.routes.map(routeText).join(', ')])
  const families = [wanted.forwards.inet ? 'IPv4' : '', wanted.forwards.inet6 ? 'IPv6' : ''].filter(Boolean)
  if (families.length > 0) rows.push(['relays', families.join(' and ')])
  const head = `${paint.bold(wanted.name)}  ${paint.dim(`${wanted.owner.kind}/${wanted.owner.name}`)}\n`
  const lines = rows.map(([key, value]) => `  ${key}: ${value}\n`).join('')
  return head + lines + wanted.peers.map((peer) => formatPeer(peer, paint)).join('')
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

function peersText(peers: readonly PeerIntent[]): string {
  const names = peers.map((peer) => peer.node ?? `${peer.publicKey.slice(0, 8)}…`).toSorted()
  return names.length > 4 ? `${names.length}` : names.join(', ')
}

function addressText(address: AddressIntent): string {
  return address.peer === undefined
    ? `${address.local}/${address.prefixLength}`
    : `${address.local} peer ${address.peer}/${address.prefixLength}`
}

function routeText(route: RouteIntent): string {
  return route.table === 254 ? route.destination : `${route.destination} (table ${route.table})`
}
