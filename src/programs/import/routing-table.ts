/**
 * The routes of a WireGuard interface as its object says them: all to the allowed IPs in one table, or none. Routes
 * that are something else have no word there.
 */
import { canonicalPrefix, contains, parsePrefix } from '../../model/index.ts'
import type { FoundLink, FoundRoute } from './import-draft.ts'

const MAIN = 254

export interface RoutingTable {
  readonly table: 'main' | 'off' | number
  readonly extra: readonly FoundRoute[]
}

export function routingTableOf(
  { routes, routingTable }: Pick<FoundLink, 'routes' | 'routingTable'>,
  addresses: readonly string[],
  allowedIPs: readonly string[],
): RoutingTable {
  const [first] = routes
  if (first === undefined) return { table: routingTable ?? 'off', extra: [] }
  const table = first.table ?? MAIN
  const isSaid = (routingTable === 'main' ? MAIN : routingTable) === table
  const plain = routes.filter(
    (route) =>
      (route.table ?? MAIN) === table &&
      route.via === undefined &&
      route.metric === undefined &&
      route.mtu === undefined,
  )
  const routed = new Set(plain.map(({ to }) => canonicalPrefix(to)))
  const allowed = new Set(allowedIPs)
  const onLink = addresses.flatMap((text) => parsePrefix(text) ?? [])
  const isMissing = (text: string): boolean => {
    const prefix = parsePrefix(text)
    return prefix !== undefined && !routed.has(text) && !onLink.some((outer) => contains(outer, prefix))
  }
  // A default route in main would be made with a rule of its own: that is not what is there.
  const isDefault = table === MAIN && allowedIPs.some((text) => text.endsWith('/0'))
  const isOther = isDefault || allowedIPs.some(isMissing)
  if (isOther && !isSaid) return { table: routingTable ?? 'off', extra: routes }
  const extra = routes.filter((route) => !plain.includes(route) || !allowed.has(canonicalPrefix(route.to)))
  return { table: table === MAIN ? 'main' : table, extra }
}
