/**
 * Prefixes against each other. WireGuard keeps one owner per prefix and interface: the same prefix at two peers
 * silently moves to the second. Nested prefixes are fine, the longest wins.
 */
import {
  containsAddress,
  type Endpoint,
  formatPrefix,
  parseAddress,
  parsePrefix,
  type Prefix,
} from '../model/index.ts'
import { linkAddresses } from './link-network.ts'
import type { PlannedNetwork } from './draft.ts'
import type { ProblemList, Where } from './problem-list.ts'

export function checkPrefixes(planned: PlannedNetwork, problems: ProblemList): void {
  if (planned.network.topology === 'Links') return checkLinkAddresses(planned, problems)
  checkOwners(planned, problems)
  checkEndpoints(planned, problems)
  checkSameEndpoint(planned, problems)
}

function checkOwners({ network, members }: PlannedNetwork, problems: ProblemList): void {
  const owners = new Map<string, string>(
    network.cidrs.map((cidr) => [formatPrefix(cidr), 'the network itself']),
  )
  for (const { name, strays, member } of members) {
    for (const prefix of strays) {
      const other = owners.get(prefix)
      if (other !== undefined) samePrefix(prefix, [other, name], { where: member.where, problems })
      owners.set(prefix, name)
    }
  }
  for (const { name, networks, member } of members) {
    for (const [index, prefix] of networks.entries()) {
      const where = { object: member.where.object, path: [...member.where.path, 'allowedNetworks', index] }
      if (prefix.endsWith('/0')) {
        const message = `${prefix} would send all traffic of all nodes through ${name}`
        const hint = `Write \`defaultRoute: { via: ${name} }\` at the nodes that want it.`
        problems.add(where, { code: 'DefaultRouteNotAsked', message, hint })
      }
      const other = owners.get(prefix)
      if (other !== undefined) samePrefix(prefix, [other, name], { where, problems })
      owners.set(prefix, name)
    }
  }
}

function samePrefix(
  prefix: string,
  [a, b]: readonly [string, string],
  { where, problems }: { readonly where: Where; readonly problems: ProblemList },
): void {
  const message =
    a === b
      ? `${prefix} is there twice`
      : `${prefix} is at ${a} and at ${b}: one interface cannot send it to two peers`
  problems.add(where, {
    code: 'SamePrefix',
    message,
    hint: 'Keep one, or split it: nested prefixes are fine.',
  })
}

/** An endpoint inside the tunnel would be reached through the tunnel that it is needed for. */
function checkEndpoints({ network, members }: PlannedNetwork, problems: ProblemList): void {
  const behind = members.flatMap(({ networks, member }) =>
    networks.flatMap((text) => {
      const prefix = parsePrefix(text)
      return prefix === undefined || prefix.length === 0
        ? []
        : [{ prefix, site: member.spec.site, name: member.name }]
    }),
  )
  for (const { member } of members) {
    const check = (field: 'endpoint' | 'localEndpoint', endpoint: Endpoint | undefined): void => {
      const address = endpoint === undefined ? undefined : parseAddress(endpoint.host)
      if (address === undefined) return
      const inside = (prefix: Prefix): boolean => containsAddress(prefix, address)
      const tunnel =
        network.cidrs.find(inside) ??
        behind.find(({ prefix, site, name }) => {
          // On the node itself, and on the LAN of its site, that network is not routed into the tunnel.
          const isOwn = name === member.name || (site !== undefined && site === member.spec.site)
          return inside(prefix) && !(isOwn && field === 'localEndpoint')
        })?.prefix
      if (tunnel === undefined) return
      const where = { object: member.where.object, path: [...member.where.path, field] }
      const message = `${endpoint?.host} is inside ${formatPrefix(tunnel)}, which goes through the tunnel`
      problems.add(where, {
        code: 'EndpointInTunnel',
        message,
        hint: 'Write the address outside of the tunnel.',
      })
    }
    check('endpoint', member.endpoint)
    check('localEndpoint', member.localEndpoint)
  }
}

/** One address and port leads to one machine: also behind one NAT, each needs its own forwarded port. */
function checkSameEndpoint({ members }: PlannedNetwork, problems: ProblemList): void {
  const owners = new Map<string, string>()
  for (const planned of members) {
    for (const field of ['endpoint', 'localEndpoint'] as const) {
      const endpoint = planned.member[field]
      if (endpoint === undefined) continue
      const key = `${field === 'endpoint' ? '' : planned.member.spec.site} ${endpoint.host} ${endpoint.port ?? planned.listenPort}`
      const other = owners.get(key)
      if (other !== undefined) {
        const where = { object: planned.member.where.object, path: [...planned.member.where.path, field] }
        const message = `${planned.name} has the same ${field} as ${other}`
        problems.add(where, {
          code: 'DuplicateEndpoint',
          message,
          hint: 'Give each its own address or port.',
        })
      }
      owners.set(key, planned.name)
    }
  }
}

/** Link-local addresses belong to one link only and may repeat. */
function checkLinkAddresses({ links }: PlannedNetwork, problems: ProblemList): void {
  const owners = new Map<string, string>()
  const linkLocal = parsePrefix('fe80::/10')
  for (const { plan } of links) {
    for (const { local } of linkAddresses(plan)) {
      const address = parseAddress(local)
      if (address === undefined || (linkLocal !== undefined && containsAddress(linkLocal, address))) continue
      const other = owners.get(local)
      if (other !== undefined && other !== plan.member.name) {
        const message = `${plan.member.name} and ${other} have the same address ${local}`
        problems.add(plan.where, { code: 'DuplicateAddress', message, hint: 'Give each node its own.' })
      }
      owners.set(local, plan.member.name)
    }
  }
}
