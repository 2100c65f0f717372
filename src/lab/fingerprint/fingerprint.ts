/**
 * What the network of this machine looks like, as sorted lines that compare: links, addresses, routes, rules and
 * nftables. Left out is what changes by itself: counters, lifetimes, cached routes, the contents of sets that the
 * packet path fills.
 */
import { createHash } from 'node:crypto'
import { isKernelError, RouteNetlink, type Syscalls } from '../../linux/index.ts'
import { describeRuleset, NftablesSocket } from '../../linux/nftables/index.ts'

export interface Fingerprint {
  readonly links: readonly string[]
  readonly addresses: readonly string[]
  readonly routes: readonly string[]
  readonly rules: readonly string[]
  /** Undefined where this user may not read it. */
  readonly nftables: readonly string[] | undefined
}

export function takeFingerprint(sys: Syscalls): Fingerprint {
  const route = RouteNetlink.open(sys)
  try {
    return { ...routing(route), nftables: nftables(sys) }
  } finally {
    route.close()
  }
}

function routing(route: RouteNetlink): Omit<Fingerprint, 'nftables'> {
  const links = route.links()
  const names = new Map(links.map((link) => [link.index, link.name]))
  const name = (index: number | undefined): string =>
    index === undefined ? '' : (names.get(index) ?? `${index}`)
  return {
    links: lines(links, (l) => [
      ...[
        l.index,
        l.name,
        l.kind || 'hardware',
        l.up ? 'up' : 'down',
        `mtu ${l.mtuBytes}`,
        l.hardwareAddress,
      ],
      ...[l.master === undefined ? '' : `master ${name(l.master)}`, ...l.altNames],
    ]),
    addresses: lines(route.addresses(), (a) => [
      ...[name(a.linkIndex), `${a.local}/${a.prefixLength}`, a.peer && `peer ${a.peer}`],
      ...[`scope ${a.scope}`, `proto ${a.protocol}`],
    ]),
    routes: lines(route.routes(), (r) => [
      ...[`table ${r.table}`, r.destination, r.gateway && `via ${r.gateway}`, name(r.linkIndex)],
      ...[`metric ${r.metric}`, `proto ${r.protocol}`, `type ${r.type}`, r.preferredSource],
    ]),
    rules: lines(route.rules(), (r) => [JSON.stringify(r, Object.keys(r).toSorted())]),
  }
}

function lines<T>(items: readonly T[], describe: (item: T) => readonly unknown[]): string[] {
  return items
    .map((item) =>
      describe(item)
        .filter((part) => part !== undefined && part !== '')
        .join(' '),
    )
    .toSorted()
}

function nftables(sys: Syscalls): string[] | undefined {
  const socket = NftablesSocket.open(sys)
  try {
    return describeRuleset(socket)
  } catch (error) {
    if (isKernelError(error, 'EPERM', 'EACCES', 'EOPNOTSUPP', 'EPROTONOSUPPORT')) return undefined
    throw error
  } finally {
    socket.close()
  }
}

/** `14 links, 9 addresses, …` and a short digest: what a person can compare at a glance. */
export function summarise(fingerprint: Fingerprint): string {
  const digest = createHash('sha256').update(JSON.stringify(fingerprint)).digest('hex').slice(0, 12)
  const { links, addresses, routes, rules, nftables: nft } = fingerprint
  const filters = nft === undefined ? 'nftables not readable without root' : `${nft.length} nftables entries`
  return `${links.length} links, ${addresses.length} addresses, ${routes.length} routes, ${rules.length} rules, ${filters}: ${digest}`
}

/** What is there now and was not (`+`), what was there and is not (`-`). Empty: unchanged. */
export function compareFingerprints(before: Fingerprint, after: Fingerprint): string[] {
  const sections = ['links', 'addresses', 'routes', 'rules', 'nftables'] as const
  return sections.flatMap((section) => {
    const [was, is] = [before[section] ?? [], after[section] ?? []]
    return [
      ...subtract(was, is).map((line) => `- ${section}: ${line}`),
      ...subtract(is, was).map((line) => `+ ${section}: ${line}`),
    ]
  })
}

/** Lines of `from` that `other` has not, counting repeats. */
function subtract(from: readonly string[], other: readonly string[]): string[] {
  const left = [...other]
  return from.filter((line) => {
    const at = left.indexOf(line)
    if (at >= 0) left.splice(at, 1)
    return at < 0
  })
}
