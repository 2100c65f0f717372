/**
 * The local bounds: what any source may ask of this node, in a file that belongs to the node's owner alone
 * (`/etc/warren/agent.yaml`). Whoever writes the plan could otherwise claim every route or another's port.
 * Without the file everything is allowed but a default route and host-wide IPv6 forwarding.
 */
import { open } from 'node:fs/promises'
import { parse } from 'yaml'
import { z } from 'zod'
import { comparePrefixes, formatPrefix, parseAddress, parsePrefix, prefixOf } from '../model/index.ts'
import type { AddressIntent, Problem, WireGuardIntent } from '../model/index.ts'

const prefix = z.string().refine((text) => parsePrefix(text) !== undefined, 'not a network prefix')
const port = z.int().min(1).max(65535)

const schema = z.strictObject({
  /** Addresses, routes and allowed IPs have to lie within one of these. Default: anywhere. */
  cidrs: z.array(prefix).optional(),
  /** Names of interfaces; `*` stands for any characters. */
  interfaces: z.array(z.string().min(1)).default(['*']),
  ports: z.strictObject({ start: port, end: port }).default({ start: 1, end: 65535 }),
  /** May a plan send all traffic of this node through a tunnel? */
  defaultRoute: z.boolean().default(false),
  /** Relay IPv6 also where the kernel can only do so by forwarding on every interface. */
  allowIPv6Forwarding: z.boolean().default(false),
  /** Refuse a plan that names another key for a peer seen before. */
  pinPeerKeys: z.boolean().default(false),
})

export type Bounds = Readonly<z.output<typeof schema>>

export const NO_BOUNDS: Bounds = schema.parse({})

export type LoadedBounds =
  | { readonly kind: 'bounds'; readonly bounds: Bounds }
  | { readonly kind: 'problems'; readonly problems: readonly Problem[] }

/** A missing file is the defaults; anything else that is wrong is a problem, never less bounds than written. */
export const loadBounds = async (path: string): Promise<LoadedBounds> => {
  let text: string | undefined
  try {
    text = await readOwned(path)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return { kind: 'bounds', bounds: NO_BOUNDS }
    return invalid([{ path, message: `cannot be read: ${(error as Error).message}` }])
  }
  if (text === undefined)
    return invalid([{ path, message: 'others than its owner, root or this user, may write it' }])
  let value: unknown
  try {
    value = parse(text) ?? {}
  } catch (error) {
    return invalid([{ path, message: (error as Error).message.split('\n')[0] ?? 'is not YAML' }])
  }
  const parsed = schema.safeParse(value)
  if (parsed.success) return { kind: 'bounds', bounds: parsed.data }
  return invalid(
    parsed.error.issues.map((i) => ({ path: `${path} ${i.path.join('.')}`.trim(), message: i.message })),
  )
}

/** Undefined when somebody may write it who is not to decide here: then it bounds nobody. */
const readOwned = async (path: string): Promise<string | undefined> => {
  const file = await open(path)
  try {
    const { uid, gid, mode } = await file.stat()
    const ownGroup = gid === 0 || gid === process.getegid?.()
    const isOwned = uid === 0 || uid === process.geteuid?.()
    if (!isOwned || (mode & 0o002) !== 0 || ((mode & 0o020) !== 0 && !ownGroup)) return undefined
    return await file.readFile('utf8')
  } finally {
    await file.close()
  }
}

const invalid = (what: readonly { path: string; message: string }[]): LoadedBounds => ({
  kind: 'problems',
  problems: what.map((p) => ({ code: 'InvalidBounds', ...p })),
})

/** What an interface asks beyond the bounds; empty: nothing. `together`: what all of the node's ask. */
export const beyondBounds = (
  wg: WireGuardIntent,
  bounds: Bounds,
  together: Together = askedTogether([wg]),
): Problem[] => {
  const path = `${wg.owner.kind}/${wg.owner.name}`
  const reasons = [
    ...(bounds.interfaces.some((pattern) => matches(pattern, wg.name)) ? [] : [`interface name ${wg.name}`]),
    ...(wg.listenPort === undefined ||
    (wg.listenPort >= bounds.ports.start && wg.listenPort <= bounds.ports.end)
      ? []
      : [`port ${wg.listenPort}`]),
    ...(bounds.defaultRoute ? [] : defaultRoutes(wg, together)),
    // The kernel asks this table before all others: what it says of the host's own addresses is not to be changed.
    ...wg.routes
      .filter((r) => r.table === LOCAL_TABLE)
      .map((r) => `route ${r.destination} in the table local`),
    ...networksBeyond(wg, bounds),
  ]
  return reasons.map((reason) => ({
    code: 'OutOfBounds',
    path,
    message: `${reason} is beyond what this node allows`,
    hint: 'Change the object, or the bounds in agent.yaml on the node.',
  }))
}

/** RT_TABLE_LOCAL (<linux/rtnetlink.h>). */
const LOCAL_TABLE = 255

/** The network for which the kernel makes a route by itself when it gets this address. */
const onLink = ({ local, peer, prefixLength }: AddressIntent): string => {
  const address = parseAddress(peer ?? local)
  return address === undefined ? `${local}/${prefixLength}` : formatPrefix(prefixOf(address, prefixLength))
}

/** The families in which routes that are modest each, over one interface or several, are almost everything. */
export type Together = ReadonlySet<4 | 6>

export const askedTogether = (all: readonly WireGuardIntent[]): Together => {
  const modest = [...new Set(all.flatMap(destinationsOf))].filter((d) => !isAlmostEverything(d))
  return new Set(([4, 6] as const).filter((family) => isTooMuch(family, modest)))
}

const defaultRoutes = (wg: WireGuardIntent, together: Together): string[] => {
  const own = destinationsOf(wg)
  const single = own.filter(isAlmostEverything).map((d) => `default route ${d}`)
  if (single.length > 0) return single
  const families = [...together].filter((family) => own.some((d) => familyOf(d) === family))
  return families.map((family) => `default route in pieces (IPv${family})`)
}

const destinationsOf = (wg: WireGuardIntent): string[] => [
  ...wg.routes.map((r) => r.destination),
  ...wg.addresses.map(onLink),
]

const networksBeyond = (wg: WireGuardIntent, bounds: Bounds): string[] => {
  const { cidrs } = bounds
  if (cidrs === undefined) return []
  const outside = (text: string): boolean =>
    !(bounds.defaultRoute && text.endsWith('/0')) && !cidrs.some((c) => contains(c, text))
  const outsideToo = (text: string): boolean => !contains('fe80::/10', text) && outside(text)
  const addressBeyond = (a: AddressIntent): string[] => {
    const host = `${a.local}/${familyOf(a.local) === 6 ? 128 : 32}`
    if (outsideToo(host)) return [`address ${host}`]
    const network = onLink(a)
    return outsideToo(network) ? [`network ${network} of the address ${a.local}`] : []
  }
  return [
    ...wg.addresses.flatMap(addressBeyond),
    ...wg.peers.flatMap((p) => p.allowedIPs.filter(outside).map((a) => `allowed network ${a}`)),
    ...wg.routes.filter((r) => outside(r.destination)).map((r) => `route ${r.destination}`),
  ]
}

const familyOf = (text: string): 4 | 6 => (text.includes(':') ? 6 : 4)

/** The shortest prefix that is no default route. */
const SHORTEST = { 4: 4, 6: 8 } as const

/** 0.0.0.0/1 and 128.0.0.0/1 together are a default route too, and so is 2000::/3. */
const isAlmostEverything = (text: string): boolean =>
  (parsePrefix(text)?.length ?? 0) < SHORTEST[familyOf(text)]

/** Whether these cover as much as the longest prefix that would be refused by itself. */
const isTooMuch = (family: 4 | 6, destinations: readonly string[]): boolean => {
  const bits = family === 4 ? 32 : 128
  const prefixes = destinations.filter((d) => familyOf(d) === family).flatMap((d) => parsePrefix(d) ?? [])
  let covered = 0n
  let end = 0n
  // In this order a prefix comes after those that contain it, and prefixes either nest or are apart.
  for (const { address, length } of prefixes.toSorted(comparePrefixes)) {
    const size = 1n << BigInt(bits - length)
    if (address.value < end) continue
    covered += size
    end = address.value + size
  }
  return covered >= 1n << BigInt(bits - SHORTEST[family] + 1)
}

export const contains = (outer: string, inner: string): boolean => {
  const [a, b] = [parsePrefix(outer), parsePrefix(inner)]
  if (a === undefined || b === undefined) return false
  if (a.address.family !== b.address.family || a.length > b.length) return false
  const shift = BigInt((a.address.family === 4 ? 32 : 128) - a.length)
  return a.address.value >> shift === b.address.value >> shift
}

const matches = (pattern: string, name: string): boolean =>
  new RegExp(`^${pattern.replaceAll(/[.+?^${}()|[\]\\]/g, String.raw`\$&`).replaceAll('*', '.*')}$`).test(
    name,
  )
