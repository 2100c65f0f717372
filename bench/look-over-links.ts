/** Whether the links of many-links.ts are as they are to be: the comparison that all contestants of a look make. */
import type { Address, Link } from '../src/linux/index.ts'
import { PREFIX_LENGTH, type WantedLink } from './many-links.ts'

/** What a look brings, by netlink or out of `ip -json`. */
export interface Shown {
  readonly links: readonly Pick<Link, 'name' | 'index' | 'kind' | 'up' | 'settings'>[]
  readonly addresses: readonly Pick<Address, 'linkIndex' | 'local' | 'prefixLength'>[]
}

export const differences = (wanted: readonly WantedLink[], shown: Shown): string[] => {
  const links = new Map(shown.links.map((link) => [link.name, link]))
  const addresses = Map.groupBy(shown.addresses, ({ linkIndex }) => linkIndex)
  return wanted.flatMap(({ name, kind, settings, address }) => {
    const link = links.get(name)
    if (!link?.up || link.kind !== kind) return [`${name}: not there, not up or not a ${kind}`]
    const setting = Object.entries(settings).find(([key, value]) => link.settings[key] !== value)
    if (setting) return [`${name}: ${setting[0]} is ${link.settings[setting[0]]}`]
    const isThere = (addresses.get(link.index) ?? []).some(
      ({ local, prefixLength }) => local === address && prefixLength === PREFIX_LENGTH,
    )
    return isThere ? [] : [`${name}: no ${address}`]
  })
}
