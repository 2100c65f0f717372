/**
 * Prefixes (RFC 4632, RFC 4291 §2.3): an address and a length. A parsed prefix says whether it had bits set
 * behind its length, because `10.0.0.1/24` is a mistake as a network and a fact as an interface address.
 */
import { type Address, BITS, formatAddress, parseAddress } from './address.ts'
import { remember } from './remember.ts'

export interface Prefix {
  /** Masked: no bit set behind the length. */
  readonly address: Address
  readonly length: number
}

/** An interface address: a host inside a prefix. */
export interface HostInPrefix {
  readonly host: Address
  readonly length: number
}

/** `10.0.0.7/24` or `10.0.0.7`; without a length the whole address counts. */
export const parseHostInPrefix = remember((text: string): HostInPrefix | undefined => {
  const slash = text.indexOf('/')
  const host = parseAddress(slash < 0 ? text : text.slice(0, slash))
  if (host === undefined) return undefined
  if (slash < 0) return { host, length: BITS[host.family] }
  const digits = text.slice(slash + 1)
  if (!/^(?:0|[1-9]\d{0,2})$/.test(digits) || Number(digits) > BITS[host.family]) return undefined
  return { host, length: Number(digits) }
})

/** The masked prefix of a text; a bare address is a prefix of full length. */
export const parsePrefix = remember((text: string): Prefix | undefined => {
  const parsed = parseHostInPrefix(text)
  return parsed && prefixOf(parsed.host, parsed.length)
})

export const prefixOf = (address: Address, length: number): Prefix => ({
  address: mask(address, length),
  length,
})

export const hostPrefix = (address: Address): Prefix => ({ address, length: BITS[address.family] })

export const formatPrefix = (prefix: Prefix): string => `${formatAddress(prefix.address)}/${prefix.length}`

/** The canonical text of a prefix that was already validated. */
export function canonicalPrefix(text: string): string {
  const prefix = parsePrefix(text)
  return prefix === undefined ? text : formatPrefix(prefix)
}

export function mask(address: Address, length: number): Address {
  const host = BigInt(BITS[address.family] - length)
  return { family: address.family, value: (address.value >> host) << host }
}

/** Whether every address of `inner` is in `outer`. A prefix contains itself. */
export const contains = (outer: Prefix, inner: Prefix): boolean =>
  outer.length <= inner.length && containsAddress(outer, inner.address)

export const containsAddress = (outer: Prefix, address: Address): boolean =>
  outer.address.family === address.family &&
  outer.address.value <= address.value &&
  address.value <= lastOf(outer)

const lasts = new WeakMap<Prefix, bigint>()

/** The number of the last address. Kept, since comparing is much cheaper than shifting. */
function lastOf(prefix: Prefix): bigint {
  const known = lasts.get(prefix)
  if (known !== undefined) return known
  const last = prefix.address.value + sizeOf(prefix) - 1n
  lasts.set(prefix, last)
  return last
}

export const overlaps = (a: Prefix, b: Prefix): boolean => contains(a, b) || contains(b, a)

/** The two prefixes, one bit longer, that make it up; none for a single address. */
export function halvesOf(prefix: Prefix): readonly Prefix[] {
  if (prefix.length === BITS[prefix.address.family]) return []
  const length = prefix.length + 1
  return [
    { address: prefix.address, length },
    { address: addressAt(prefix, sizeOf(prefix) / 2n), length },
  ]
}

/** How many addresses a prefix has. */
export const sizeOf = (prefix: Prefix): bigint => 1n << BigInt(BITS[prefix.address.family] - prefix.length)

export const addressAt = (prefix: Prefix, offset: bigint): Address => ({
  family: prefix.address.family,
  value: prefix.address.value + offset,
})

/** Family first, then number: the order of every sorted list of addresses. */
export function compareAddresses(a: Address, b: Address): number {
  if (a.family !== b.family) return a.family - b.family
  return a.value === b.value ? 0 : a.value < b.value ? -1 : 1
}

/** Family, number, then length: the order of every sorted list of prefixes. */
export const comparePrefixes = (a: Prefix, b: Prefix): number =>
  compareAddresses(a.address, b.address) || a.length - b.length
