/** One .network file, for one link: its addresses and routes, and how links are wired to it. */
import { canonicalPrefix, isLinkName } from '../../model/index.ts'
import type { FoundLink, FoundRoute, ImportDraft } from './import-draft.ts'
import { macOf } from './networkd-netdev.ts'
import { type Unit, type UnitSection, valuesOf } from './unit-file.ts'
import { address, bytes, flag, prefix, table, whole } from './values.ts'

export interface NetworkContext {
  /** Undefined for one that no .netdev makes. */
  readonly link: FoundLink | undefined
  readonly name: string
  readonly draft: ImportDraft
}

/** Which of [Network] names links that lie on this one. */
const ABOVE: ReadonlySet<string> = new Set(['VLAN', 'MACVLAN', 'VXLAN', 'Tunnel'])
const MASTERS: ReadonlySet<string> = new Set(['Bridge', 'VRF'])

export function applyNetwork(unit: Unit, context: NetworkContext): void {
  const { draft, link, name } = context
  for (const section of unit.sections) {
    const where = `${unit.file}:${section.line}`
    switch (section.name) {
      case 'Match':
        break
      case 'Network':
        readNetwork(unit, section, context)
        break
      case 'Link':
        if (link === undefined) draft.leave(where, `[Link]: ${name} is not made by any of the files`)
        else readLink(unit, section, { ...context, link })
        break
      case 'Address':
      case 'Route':
      case 'BridgeFDB':
        if (link === undefined)
          draft.leave(where, `[${section.name}]: ${name} is not made by any of the files`)
        else if (!readEntry(section, link)) draft.leave(where, `[${section.name}]`)
        break
      default:
        draft.leave(where, `[${section.name}]`)
    }
  }
}

function readNetwork(unit: Unit, section: UnitSection, { link, name, draft }: NetworkContext): void {
  const counted = new Set(section.entries.flatMap(({ key }) => valuesOf(section.entries, key)))
  for (const entry of section.entries) {
    const { key, value, line } = entry
    if (!counted.has(entry)) continue
    const leave = (why = ''): void => draft.leave(`${unit.file}:${line}`, `[Network] ${key}${why}`)
    if (ABOVE.has(key)) {
      for (const above of value.split(/\s+/)) lieOn(above, { name, draft, leave })
    } else if (MASTERS.has(key) && isLinkName(value)) draft.enslave(name, value)
    else if (link === undefined) leave(`: ${name} is not made by any of the files`)
    else if (key === 'Address' && isWithLength(value)) link.addresses.push(value)
    else if (key === 'Gateway' && address(value) !== undefined)
      link.routes.push({ to: defaultFor(value), via: value })
    else leave()
  }
}

/** Without one networkd guesses it by the class of the address, as long as it does. */
const isWithLength = (text: string): boolean => text.includes('/') && prefix(text) !== undefined

const defaultFor = (gateway: string): string => (gateway.includes(':') ? '::/0' : '0.0.0.0/0')

interface Wiring {
  readonly name: string
  readonly draft: ImportDraft
  readonly leave: (why: string) => void
}

function lieOn(above: string, { name, draft, leave }: Wiring): void {
  const link = draft.links.get(above)
  if (link === undefined || ['wireguard', 'veth', 'dummy', 'bridge', 'vrf'].includes(link.type)) {
    leave(`: what it names is not made by any of the files`)
  } else link.block['link'] = name
}

function readLink(
  unit: Unit,
  { entries }: UnitSection,
  { link, draft }: NetworkContext & { link: FoundLink },
): void {
  for (const { key, value, line } of entries) {
    const mtu = bytes(value)
    if (value === '') continue
    if (key === 'MTUBytes' && typeof mtu === 'number') link.mtu = mtu
    else if (key === 'MACAddress' && /^([0-9a-f]{2}[:-]){5}[0-9a-f]{2}$/i.test(value))
      link.hardwareAddress = macOf(value)
    else if (key === 'ActivationPolicy' && /^(up|always-up)$/.test(value)) link.up = true
    else if (key === 'ActivationPolicy' && /^(down|always-down|manual)$/.test(value)) link.up = false
    else draft.leave(`${unit.file}:${line}`, `[Link] ${key}`)
  }
}

/** False when it says something that an object cannot: then none of it is taken, for half a route is another one. */
function readEntry({ name, entries }: UnitSection, link: FoundLink): boolean {
  const said = new Map(entries.map(({ key, value }) => [key, value]))
  for (const [key, value] of said) if (value === '' || isUsual(name, key, value)) said.delete(key)
  if (name === 'Address') return readAddress(said, link)
  return name === 'Route' ? readRoute(said, link) : readForwarding(said, link)
}

/** What is so anyway, written out. */
const isUsual = (section: string, key: string, value: string): boolean =>
  (section === 'Route' && key === 'Type' && value === 'unicast') ||
  (section === 'Route' && key === 'Scope' && (value === 'global' || value === 'link')) ||
  (section === 'Route' && key === 'Protocol' && value === 'static') ||
  (section === 'Route' && key === 'GatewayOnLink' && flag(value) === false)

const has = (said: ReadonlyMap<string, string>, keys: readonly string[]): boolean =>
  [...said.keys()].every((key) => keys.includes(key))

function readAddress(said: ReadonlyMap<string, string>, link: FoundLink): boolean {
  const [local = '', peer] = [said.get('Address'), said.get('Peer')]
  if (!has(said, ['Address', 'Peer']) || prefix(local) === undefined) return false
  if (peer === undefined && !isWithLength(local)) return false
  if (peer === undefined) link.addresses.push(local)
  else if (prefix(peer) === undefined) return false
  else link.addresses.push({ local: local.replace(/\/.*$/, ''), peer })
  return true
}

function readRoute(said: ReadonlyMap<string, string>, link: FoundLink): boolean {
  if (!has(said, ['Destination', 'Gateway', 'Metric', 'Table', 'MTUBytes'])) return false
  const via = said.get('Gateway')
  const to = said.get('Destination') ?? (via === undefined ? undefined : defaultFor(via))
  if (to === undefined || prefix(to) === undefined) return false
  if (via !== undefined && address(via) === undefined) return false
  const numbers = { table: said.get('Table'), metric: said.get('Metric'), mtu: said.get('MTUBytes') }
  const taken = {
    table: numbers.table === undefined ? undefined : table(numbers.table),
    metric: numbers.metric === undefined ? undefined : whole(numbers.metric),
    mtu: numbers.mtu === undefined ? undefined : bytes(numbers.mtu),
  }
  const route: Record<string, unknown> = { to: canonicalPrefix(to), ...(via === undefined ? {} : { via }) }
  for (const [key, text] of Object.entries(numbers)) {
    const value = taken[key as keyof typeof taken]
    if (text !== undefined && value === undefined) return false
    if (value !== undefined) route[key] = value
  }
  link.routes.push(route as unknown as FoundRoute)
  return true
}

function readForwarding(said: ReadonlyMap<string, string>, link: FoundLink): boolean {
  const [mac = '', destination = ''] = [said.get('MACAddress'), said.get('Destination')]
  if (!has(said, ['MACAddress', 'Destination']) || link.type !== 'vxlan') return false
  if (!/^([0-9a-f]{2}:){5}[0-9a-f]{2}$/i.test(mac) || address(destination) === undefined) return false
  const entries = (link.block['forwarding'] ??= []) as unknown[]
  entries.push({ hardwareAddress: mac.toLowerCase(), destination })
  return true
}
