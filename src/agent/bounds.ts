/**
 * The local bounds: what any source may ask of this node, in a file that belongs to the node's owner alone
 * (`/etc/warren/agent.yaml`). Whoever writes the plan could otherwise claim every route or another's port.
 * Without the file everything is allowed but a default route and host-wide IPv6 forwarding.
 */
import { open } from 'node:fs/promises'
import { parse } from 'yaml'
import { z } from 'zod'
import { LINK_KINDS, parseEndpoint, parsePrefix } from '../model/index.ts'
import type { Problem } from '../model/index.ts'

const prefix = z.string().refine((text) => parsePrefix(text) !== undefined, 'not a network prefix')
const port = z.int().min(1).max(65535)
const number = z.int().min(1).max(0xffff_ffff)
const patterns = z.array(z.string().min(1))

const isTarget = (text: string): boolean => parseEndpoint(text) !== undefined

const schema = z.strictObject({
  /** Addresses, routes and allowed IPs have to lie within one of these. Default: anywhere. */
  cidrs: z.array(prefix).optional(),
  /** Names of interfaces; `*` stands for any characters. */
  interfaces: patterns.default(['*']),
  /** Kinds of links. Default: all that there are. */
  kinds: z.array(z.enum(['wireguard', ...LINK_KINDS])).optional(),
  /** UDP ports of WireGuard and VXLAN. */
  ports: z.strictObject({ start: port, end: port }).default({ start: 1, end: 65535 }),
  /** Routing tables beside main, also those of VRFs. The table local is never anybody's. */
  tables: z.strictObject({ start: number, end: number }).default({ start: 1, end: 0xffff_ffff }),
  /** Marks of packets. */
  fwmarks: z.strictObject({ start: number, end: number }).default({ start: 1, end: 0xffff_ffff }),
  /** May a plan put links into containers? Or into which: `docker:web`, `pod:default/*`, `netns:/run/netns/lab-*`. */
  containers: z.union([z.boolean(), patterns]).default(true),
  /** May an object with `adopt: true` take over a link that somebody else made? Or which links, by their names. */
  adopt: z.union([z.boolean(), patterns]).default(true),
  /** May a plan send all traffic of this node through a tunnel? */
  defaultRoute: z.boolean().default(false),
  /** Relay IPv6 also where the kernel can only do so by forwarding on every interface. */
  allowIPv6Forwarding: z.boolean().default(false),
  /** Addresses or names, with a TCP port or without, that no change may cut off: see commit-confirm/. */
  keepReachable: z
    .array(z.string().refine(isTarget, 'not an address or a name, with or without a port'))
    .default([]),
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
