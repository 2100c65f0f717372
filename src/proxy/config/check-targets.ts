/**
 * Targets that cannot be reached by what the tunnels' files say: a name where there are no DNS servers, an address that
 * no peer carries packets to. Warnings: the rest works, and SOCKS and publishing need neither.
 */
import { isInPrefix } from '../../tunnel/index.ts'
import { parseAddress } from '../../protocols/wireguard/formats/index.ts'
import type { Findings } from './findings.ts'
import type { ProxyConfig, TunnelEntry } from './proxy-config.ts'

type Targets = Pick<ProxyConfig, 'tunnels' | 'http' | 'tcp' | 'udp'>

export function checkTargets({ tunnels, http, tcp, udp }: Targets, findings: Findings): void {
  const targets = [
    ...http.map(({ target, tunnel }, index) => ({ ...target, tunnel, field: `spec.http[${index}].to` })),
    ...tcp.map(({ to, tunnel }, index) => ({ ...to, tunnel, field: `spec.tcp[${index}].to` })),
    ...udp.map(({ to, tunnel }, index) => ({ ...to, tunnel, field: `spec.udp[${index}].to` })),
  ]
  for (const { host, tunnel, field } of targets) {
    const entry = tunnels.find(({ name }) => name === tunnel)
    // What was wrong itself has been said.
    const trouble = entry === undefined || host === '' ? undefined : troubleOf(host, entry)
    if (trouble !== undefined) findings.add({ code: 'OutsideTunnel', field, severity: 'warning', ...trouble })
  }
}

function troubleOf(
  host: string,
  { name, settings: { dns, peers } }: TunnelEntry,
): { readonly message: string; readonly hint: string } | undefined {
  const address = host.startsWith('[') ? host.slice(1, -1) : host
  if (parseAddress(address) === undefined)
    return dns.length > 0
      ? undefined
      : {
          message: `${host} is a name, and the tunnel ${name} has no DNS servers`,
          hint: 'Add "DNS = ADDRESS" to its [Interface], or write an address.',
        }
  return peers.some(({ allowedIPs }) => allowedIPs.some((prefix) => isInPrefix(prefix, address)))
    ? undefined
    : {
        message: `${host} is in no peer's AllowedIPs of the tunnel ${name}`,
        hint: 'Add it to those of the peer that leads to it.',
      }
}
