/** Names that no server is asked for: addresses, and those that RFC 6761 §6.3 and §6.4 and RFC 7686 keep to the host. */
import { formatAddress, parseAddress } from '../addresses/index.ts'
import { canonicalName } from './name.ts'

/** They do not change. */
export const SPECIAL_TTL_SECONDS = 86_400

/** An empty list: it does not exist. Undefined: ask. Brackets around an IPv6 address are taken off. */
export function specialAddresses(name: string): readonly string[] | undefined {
  const bytes = parseAddress(name.startsWith('[') && name.endsWith(']') ? name.slice(1, -1) : name)
  if (bytes !== undefined) return [formatAddress(bytes)]
  switch (canonicalName(name).replace(/\.$/, '').split('.').at(-1) ?? '') {
    case 'localhost':
      return ['::1', '127.0.0.1']
    case 'invalid':
    case 'onion':
      return []
    default:
      return undefined
  }
}
