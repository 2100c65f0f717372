/**
 * What the kernel tells links apart by, beside their names: it refuses a second vxlan with one number and port, a
 * second VLAN of one tag on a link, a second tunnel between the same ends; and two VRFs on one table are one.
 */
import { netnsNameOf } from '../../model/index.ts'
import type { ProblemList, Where } from '../problem-list.ts'
import type { LinkEnd } from './link-ends.ts'
import type { NodeLinks } from './node-links.ts'

/** RT_TABLE_DEFAULT, RT_TABLE_MAIN, RT_TABLE_LOCAL. */
const KERNEL_TABLES: Readonly<Record<number, string>> = { 253: 'default', 254: 'main', 255: 'local' }

export function checkIdentities({ links }: NodeLinks, problems: ProblemList): void {
  const ends = links.flatMap(({ end }) => end ?? [])
  const identified = ends.flatMap((end) => {
    const identity = identityOf(end)
    return identity === undefined ? [] : [{ end, ...identity }]
  })
  for (const [first, ...others] of Map.groupBy(identified, ({ key }) => key).values()) {
    for (const { end, what, field } of others) {
      const message = `${first?.end.intent.name} is ${what} too`
      const code = end.intent.kind === 'vrf' ? 'VrfTableClash' : 'IndistinctLinks'
      problems.add(at(end, field), { code, message, hint: 'Change one of the two.' })
    }
  }
  for (const end of ends) {
    const table = end.intent.kind === 'vrf' ? KERNEL_TABLES[Number(end.intent.settings['table'])] : undefined
    if (table === undefined) continue
    const message = `the table ${table} belongs to everybody`
    problems.add(at(end, 'table'), { code: 'VrfTableClash', message, hint: 'Use a number of its own.' })
  }
}

const at = ({ object }: LinkEnd, field: string): Where => ({
  object,
  path: ['spec', object.spec.type, field],
})

interface Identity {
  /** Unique on the node. */
  readonly key: string
  readonly what: string
  readonly field: string
}

function identityOf({ intent }: LinkEnd): Identity | undefined {
  const { kind, settings, container } = intent
  const { link, local, remote, group, inputKey = '' } = settings
  const keyOf = (...parts: unknown[]): string => [netnsNameOf(container), kind, ...parts].join(' ')
  switch (kind) {
    case 'vxlan': {
      const family = String(group ?? local ?? '').includes(':') ? 6 : 4
      const key = keyOf(settings['id'], settings['port'], family)
      return { key, what: `vni ${settings['id']} on port ${settings['port']}`, field: 'vni' }
    }
    case 'vlan':
      return {
        key: keyOf(link, settings['id'], settings['protocol']),
        what: `VLAN ${settings['id']} on ${link}`,
        field: 'id',
      }
    case 'vrf':
      return { key: keyOf(settings['table']), what: `on table ${settings['table']}`, field: 'table' }
    case 'ipip':
    case 'ip6tnl':
    case 'gre':
    case 'ip6gre':
    case 'gretap':
    case 'ip6gretap':
      return {
        key: keyOf(link, local, remote, inputKey),
        what: `between ${local ?? 'any'} and ${remote ?? 'any'}`,
        field: remote === undefined ? 'local' : 'remote',
      }
    case 'dummy':
    case 'bridge':
    case 'veth':
    case 'macvlan':
      return undefined
  }
}
