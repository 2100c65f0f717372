/** What decides about forwarding and reverse-path filtering, for all links and for each. */
import { readFileSync } from 'node:fs'

const MAX_LINKS = 256

export function readSysctls(links: readonly string[]): Record<string, string> {
  const names = ['all', 'default', ...links.slice(0, MAX_LINKS)]
  const paths = names.flatMap((name) => [
    `net/ipv4/conf/${name}/rp_filter`,
    `net/ipv4/conf/${name}/forwarding`,
    `net/ipv6/conf/${name}/forwarding`,
    `net/ipv6/conf/${name}/force_forwarding`,
    `net/ipv6/conf/${name}/disable_ipv6`,
  ])
  const found: Record<string, string> = {}
  for (const path of [...paths, 'net/ipv4/ip_forward', 'net/ipv4/conf/all/src_valid_mark']) {
    try {
      found[path] = readFileSync(`/proc/sys/${path}`, 'utf8').trim()
    } catch {
      continue // this kernel does not have it, or the link went in between
    }
  }
  return found
}
