/** What netplan says of links of every type: addresses, routes, MTU, hardware address. */
import { canonicalPrefix } from '../../model/index.ts'
import type { FoundLink, ImportDraft } from './import-draft.ts'
import { isMap, listOf, textOf, type YamlMap } from './netplan-values.ts'
import { address, prefix, whole } from './values.ts'

/** The keys that were taken or listed. */
export function readCommon(link: FoundLink, body: YamlMap, draft: ImportDraft): readonly string[] {
  const leave = (what: string): void => draft.leave(link.where, what)
  const mtu = whole(textOf(body['mtu']) ?? '')
  if (typeof mtu === 'number') link.mtu = mtu
  else if (body['mtu'] !== undefined) leave('mtu: not understood')
  const mac = textOf(body['macaddress']) ?? ''
  if (/^([0-9a-f]{2}:){5}[0-9a-f]{2}$/i.test(mac)) link.hardwareAddress = mac.toLowerCase()
  else if (body['macaddress'] !== undefined) leave('macaddress: not understood')
  for (const [index, one] of listOf(body['addresses']).entries()) {
    if (typeof one === 'string' && prefix(one) !== undefined) link.addresses.push(one)
    else leave(`addresses[${index}]: it has a label or a lifetime, or is no address`)
  }
  for (const [key, to] of [
    ['gateway4', '0.0.0.0/0'],
    ['gateway6', '::/0'],
  ] as const) {
    const via = textOf(body[key])
    if (via === undefined) continue
    if (address(via) === undefined) leave(`${key}: not understood`)
    else link.routes.push({ to, via })
  }
  for (const [index, one] of listOf(body['routes']).entries()) {
    if (!isMap(one) || !readRoute(link, one)) leave(`routes[${index}]`)
  }
  if (body['activation-mode'] === 'manual' || body['activation-mode'] === 'off') link.up = false
  return [
    ...['mtu', 'macaddress', 'addresses', 'gateway4', 'gateway6', 'routes', 'activation-mode'],
    ...quiet(body),
  ]
}

/** What is so anyway, written out. */
const quiet = (body: YamlMap): string[] => ['dhcp4', 'dhcp6', 'optional'].filter((key) => body[key] === false)

/** False when it says something that an object cannot: half a route would be another one. */
function readRoute(link: FoundLink, route: YamlMap): boolean {
  const { to, via, table, metric, mtu, scope, type, ...rest } = route
  const isUsual =
    (type === undefined || type === 'unicast') &&
    (scope === undefined || scope === 'global' || scope === 'link')
  if (!isUsual || Object.keys(rest).some((key) => key !== 'on-link' || rest[key] === true)) return false
  const gateway = textOf(via)
  if (via !== undefined && (gateway === undefined || address(gateway) === undefined)) return false
  const text = textOf(to)
  const destination =
    text === 'default' && gateway !== undefined ? (gateway.includes(':') ? '::/0' : '0.0.0.0/0') : text
  if (destination === undefined || prefix(destination) === undefined) return false
  const numbers: Record<string, number> = {}
  for (const [key, value] of Object.entries({ table, metric, mtu })) {
    if (value === undefined) continue
    const number = whole(textOf(value) ?? '')
    if (typeof number !== 'number') return false
    numbers[key] = number
  }
  link.routes.push({
    to: canonicalPrefix(destination),
    ...(gateway === undefined ? {} : { via: gateway }),
    ...numbers,
  })
  return true
}
