/**
 * Steps that may cut a node off, as sentences: a route that swallows the very endpoint its tunnel needs, and a
 * default route without the mark that keeps the tunnel's own packets out of it. They may, and no more: a longer
 * route of the host's own, such as that of its LAN, would still lead to the endpoint. From the plan alone, so that it
 * can be said where the host is not at hand; whom a change cuts off on a host is for reachability.ts to compute.
 */
import { containsAddress, parseAddress, parsePrefix } from '../model/index.ts'
import type { NodeIntent, WireGuardIntent } from '../model/index.ts'

const MAIN_TABLE = 254

export const lockoutRisks = (intent: NodeIntent): string[] => intent.interfaces.flatMap(interfaceRisks)

const interfaceRisks = (wg: WireGuardIntent): string[] => {
  const risks: string[] = []
  for (const { destination, table } of wg.routes) {
    const prefix = parsePrefix(destination)
    if (table !== MAIN_TABLE || prefix === undefined) continue
    if (prefix.length === 0) {
      if (wg.fwmark === undefined)
        risks.push(`${wg.name} takes ${destination} without a mark for its own packets`)
      continue
    }
    for (const { endpoint } of wg.peers) {
      const address = parseAddress(endpoint?.host ?? '')
      if (address !== undefined && containsAddress(prefix, address))
        risks.push(
          `the route ${destination} through ${wg.name} covers the endpoint ${endpoint?.host} of its own peer`,
        )
    }
  }
  return risks
}
