/** Under which full names a name is looked for, in order: the search list and ndots of resolv.conf(5). */
import { isHostName } from './name.ts'

/** Every one of them is asked for when a name does not exist. */
export const MAX_SEARCH_DOMAINS = 16

export interface SearchOptions {
  readonly domains: readonly string[]
  /** A name with that many dots is tried as it is before it is looked for in the domains. */
  readonly ndots: number
}

export function candidateNames(name: string, { domains, ndots }: SearchOptions): readonly string[] {
  if (name.endsWith('.')) return [name.slice(0, -1)]
  const inDomains = domains
    .slice(0, MAX_SEARCH_DOMAINS)
    .map((domain) => `${name}.${withoutDots(domain)}`)
    .filter(isHostName)
  const dots = name.split('.').length - 1
  const all = dots >= ndots ? [name, ...inDomains] : [...inDomains, name]
  return [...new Set(all)]
}

const withoutDots = (domain: string): string => domain.replace(/^\.+|\.+$/g, '')
