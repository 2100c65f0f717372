/**
 * The local bounds: what any source may ask of this node, in a file that belongs to the node's owner alone
 * (`/etc/warren/agent.yaml`). Whoever writes the plan could otherwise claim every route or another's port.
 * Without the file everything is allowed but a default route and host-wide IPv6 forwarding.
 */
import { readFile } from 'node:fs/promises'
import { parse } from 'yaml'
import { z } from 'zod'
import { parsePrefix } from '../model/index.ts'
import type { Problem, WireGuardIntent } from '../model/index.ts'

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
  let text: string
  try {
    text = await readFile(path, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return { kind: 'bounds', bounds: NO_BOUNDS }
    return invalid([{ path, message: `cannot be read: ${(error as Error).message}` }])
  }
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

const invalid = (what: readonly { path: string; message: string }[]): LoadedBounds => ({
  kind: 'problems',
  problems: what.map((p) => ({ code: 'InvalidBounds', ...p })),
})

/** What an interface asks beyond the bounds; empty: nothing. */
export const beyondBounds = (wg: WireGuardIntent, bounds: Bounds): Problem[] => {
  const path = `${wg.owner.kind}/${wg.owner.name}`
  const reasons = [
    ...(bounds.interfaces.some((pattern) => matches(pattern, wg.name)) ? [] : [`interface name ${wg.name}`]),
    ...(wg.listenPort === undefined ||
    (wg.listenPort >= bounds.ports.start && wg.listenPort <= bounds.ports.end)
      ? []
      : [`port ${wg.listenPort}`]),
    ...wg.routes
      .filter((r) => !bounds.defaultRoute && isAlmostEverything(r.destination))
      .map((r) => `default route ${r.destination}`),
    ...networksBeyond(wg, bounds),
  ]
  return reasons.map((reason) => ({
    code: 'OutOfBounds',
    path,
    message: `${reason} is beyond what this node allows`,
    hint: 'Change the object, or the bounds in agent.yaml on the node.',
  }))
}

const networksBeyond = (wg: WireGuardIntent, bounds: Bounds): string[] => {
  const { cidrs } = bounds
  if (cidrs === undefined) return []
  const outside = (text: string): boolean =>
    !(bounds.defaultRoute && text.endsWith('/0')) && !cidrs.some((c) => contains(c, text))
  const bits = (address: string): number => (address.includes(':') ? 128 : 32)
  return [
    ...wg.addresses
      .map((a) => `${a.local}/${bits(a.local)}`)
      .filter((a) => !isLinkLocal(a) && outside(a))
      .map((a) => `address ${a}`),
    ...wg.peers.flatMap((p) => p.allowedIPs.filter(outside).map((a) => `allowed network ${a}`)),
    ...wg.routes.filter((r) => outside(r.destination)).map((r) => `route ${r.destination}`),
  ]
}

const isLinkLocal = (text: string): boolean => /^fe[89ab][0-9a-f]:/.test(text)

/** 0.0.0.0/1 and 128.0.0.0/1 together are a default route too, and so is 2000::/3. */
const isAlmostEverything = (text: string): boolean => {
  const length = parsePrefix(text)?.length ?? 0
  return length < (text.includes(':') ? 8 : 4)
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
