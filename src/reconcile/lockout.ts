/**
 * Steps that may cut a node off, as sentences: a route that swallows the very endpoint its tunnel needs, and a
 * default route without the mark that keeps the tunnel's own packets out of it.
 */
import type { NodeIntent, WireGuardIntent } from '../model/index.ts'

const MAIN_TABLE = 254

export const lockoutRisks = (
  intent: NodeIntent,
  contains: (prefix: string, address: string) => boolean,
): string[] => intent.interfaces.flatMap((wg) => interfaceRisks(wg, contains))

const interfaceRisks = (
  wg: WireGuardIntent,
  contains: (prefix: string, address: string) => boolean,
): string[] => {
  const risks: string[] = []
  for (const route of wg.routes) {
    if (route.table !== MAIN_TABLE) continue
    if (/\/0$/.test(route.destination) && wg.fwmark === undefined)
      risks.push(`${wg.name} takes ${route.destination} without a mark for its own packets`)
    for (const peer of wg.peers) {
      const host = peer.endpoint?.host
      if (host === undefined || !/^[0-9.]+$|:/.test(host) || /\/0$/.test(route.destination)) continue
      if (contains(route.destination, host))
        risks.push(`route ${route.destination} via ${wg.name} covers the endpoint ${host} of its own peer`)
    }
  }
  return risks
}
