/** Links that are not WireGuard, for people: one line each, or everything about one. Pure. */
import {
  type LinkIntent,
  linkIdOf,
  netnsNameOf,
  type NodeIntent,
  type RouteIntent,
} from '../../model/index.ts'
import type { Paint } from '../terminal/paint.ts'
import { formatTable } from '../terminal/table.ts'
import { addressText } from './address-text.ts'

const HEADER = ['NODE', 'LINK', 'KIND', 'ADDRESSES', 'MTU', 'WHERE', 'SETTINGS']

/** Empty when no node has any. */
export function formatLinkTable(intents: readonly NodeIntent[], paint: Paint): string {
  const rows = intents.flatMap(({ node, links }) =>
    links.map((link) => [
      paint.bold(node),
      link.name + (link.up ? '' : ' (down)'),
      link.kind,
      link.addresses.map(addressText).join(', '),
      link.mtuBytes === undefined ? '' : String(link.mtuBytes),
      netnsNameOf(link.container),
      settingsText(link),
    ]),
  )
  return rows.length === 0 ? '' : formatTable(HEADER, rows, paint)
}

export function formatLink(link: LinkIntent, paint: Paint): string {
  const rows: [string, string | undefined][] = [
    ['in', link.container && netnsNameOf(link.container)],
    ['settings', settingsText(link)],
    ['up', link.up ? undefined : 'no'],
    ['addresses', link.addresses.map(addressText).join(', ')],
    ['mtu', link.mtuBytes?.toString()],
    ['hardware address', link.hardwareAddress],
    ['forwarding', link.forwarding?.map((one) => `${one.hardwareAddress} to ${one.destination}`).join(', ')],
    ['routes', link.routes.map(routeText).join(', ')],
    ['adopt', link.adopt ? 'yes' : undefined],
    ['replace', link.replacePolicy === 'DeleteAndCreate' ? 'when it must' : undefined],
  ]
  const head = `${paint.bold(link.name)}  ${link.kind}  ${paint.dim(`${link.owner.kind}/${link.owner.name}`)}\n`
  const shown = rows.filter(([, value]) => value !== undefined && value !== '')
  return head + shown.map(([key, value]) => `  ${key}: ${value}\n`).join('')
}

/** What it is told, and how it is wired. */
function settingsText({ settings, peer, ports, master }: LinkIntent): string {
  const told = Object.entries(settings).toSorted(([a], [b]) => (a < b ? -1 : 1))
  return [
    ...told.map(([name, value]) => `${name} ${value === true ? 'on' : value === false ? 'off' : value}`),
    ...(peer === undefined ? [] : [`peer ${linkIdOf(peer.name, peer.container)}`]),
    ...(ports === undefined ? [] : [`ports ${ports.length === 0 ? 'none' : ports.join(' ')}`]),
    ...(master === undefined ? [] : [`port of ${master}`]),
  ].join(', ')
}

function routeText({ destination, gateway, table, metric, mtuBytes }: RouteIntent): string {
  const facts = [
    gateway === undefined ? '' : ` via ${gateway}`,
    metric === undefined ? '' : ` metric ${metric}`,
    mtuBytes === undefined ? '' : ` mtu ${mtuBytes}`,
    table === 254 ? '' : ` (table ${table})`,
  ]
  return destination + facts.join('')
}
