/**
 * Which address of a name to try first: RFC 6724 §6 as far as it can be decided from addresses, then the families in
 * turn (RFC 8305 §4), so that a family that does not work costs one attempt.
 */
import { addressesEqual, parseAddress } from '../addresses/index.ts'

export interface AddressOrderOptions {
  /** Of which we would use the nearest of that family. What we have no address for comes last (rule 1). */
  readonly ownAddresses?: readonly string[]
  /** Our own address towards that one, for whoever knows better. With neither, all are taken to be reachable. */
  readonly sourceFor?: (destination: string) => string | undefined
}

interface Candidate {
  readonly text: string
  readonly bytes: Uint8Array
  readonly source: Uint8Array | undefined
  readonly isUsable: boolean
}

/** Best first; what is no address is left out, and what is there twice is there once. */
export function orderAddresses(addresses: readonly string[], o: AddressOrderOptions = {}): readonly string[] {
  const candidates: Candidate[] = []
  const sourceFor = o.sourceFor ?? nearestOf(o.ownAddresses)
  for (const text of addresses) {
    const bytes = parseAddress(text)
    if (bytes === undefined || candidates.some((other) => addressesEqual(other.bytes, bytes))) continue
    const source = parseAddress(sourceFor?.(text) ?? '')
    candidates.push({ text, bytes, source, isUsable: sourceFor === undefined || source !== undefined })
  }
  // The sort is stable: rule 10 leaves the rest in the server's order.
  const sorted = candidates.toSorted(compare)
  const usable = interleave(sorted.filter(({ isUsable }) => isUsable))
  return [...usable, ...sorted.filter(({ isUsable }) => !isUsable)].map(({ text }) => text)
}

/** RFC 6724 §5, rules 2 and 8: the scope, then the longest common prefix. */
function nearestOf(ownAddresses: readonly string[] | undefined) {
  const own = ownAddresses?.map((text) => ({ text, bytes: parseAddress(text) }))
  return (
    own &&
    ((destination: string): string | undefined => {
      const bytes = parseAddress(destination)
      let best: { text: string; score: number } | undefined
      for (const { text, bytes: source } of own) {
        if (source === undefined || source.length !== bytes?.length) continue
        const score = (scopeOf(source) === scopeOf(bytes) ? 256 : 0) + commonBits(bytes, source)
        if (best === undefined || score > best.score) best = { text, score }
      }
      return best?.text
    })
  )
}

function compare(a: Candidate, b: Candidate): number {
  return (
    // Rule 2: matching scope. Rule 5: matching label. Rule 6: higher precedence. Rule 8: smaller scope.
    preferTrue(hasMatchingScope(a), hasMatchingScope(b)) ||
    preferTrue(hasMatchingLabel(a), hasMatchingLabel(b)) ||
    precedenceOf(b) - precedenceOf(a) ||
    scopeOf(a.bytes) - scopeOf(b.bytes) ||
    // Rule 9: longest prefix, only between addresses of IPv6: with IPv4 it defeats the server's rotation.
    (a.bytes.length === 16 && b.bytes.length === 16 ? sharedBits(b) - sharedBits(a) : 0)
  )
}

const preferTrue = (a: boolean, b: boolean): number => Number(b) - Number(a)

const hasMatchingScope = ({ bytes, source }: Candidate): boolean =>
  source === undefined || scopeOf(bytes) === scopeOf(source)

const hasMatchingLabel = ({ bytes, source }: Candidate): boolean =>
  source === undefined || policyOf(bytes).label === policyOf(source).label

/** One of each family in turn, beginning with the family of the best. */
function interleave(sorted: readonly Candidate[]): Candidate[] {
  const size = sorted[0]?.bytes.length
  const first = sorted.filter(({ bytes }) => bytes.length === size)
  const second = sorted.filter(({ bytes }) => bytes.length !== size)
  const mixed: Candidate[] = []
  for (let index = 0; index < Math.max(first.length, second.length); index++)
    for (const one of [first[index], second[index]]) if (one !== undefined) mixed.push(one)
  return mixed
}

interface Policy {
  readonly prefix: readonly number[]
  readonly bits: number
  readonly precedence: number
  readonly label: number
}

/** RFC 6724 §2.1, the longest prefixes first. IPv4 stands as ::ffff:0:0/96. */
const POLICIES: readonly Policy[] = [
  { prefix: [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1], bits: 128, precedence: 50, label: 0 },
  { prefix: [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff], bits: 96, precedence: 35, label: 4 },
  { prefix: [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0], bits: 96, precedence: 1, label: 3 },
  { prefix: [0x20, 0x01, 0, 0], bits: 32, precedence: 5, label: 5 },
  { prefix: [0x20, 0x02], bits: 16, precedence: 30, label: 2 },
  { prefix: [0x3f, 0xfe], bits: 16, precedence: 1, label: 12 },
  { prefix: [0xfe, 0xc0], bits: 10, precedence: 1, label: 11 },
  { prefix: [0xfc], bits: 7, precedence: 3, label: 13 },
  { prefix: [], bits: 0, precedence: 40, label: 1 },
]
const ANYTHING = POLICIES.at(-1)!

function policyOf(address: Uint8Array): Policy {
  const bytes = mapped(address)
  return POLICIES.find(({ prefix, bits }) => startsWith(bytes, prefix, bits)) ?? ANYTHING
}

/**
 * A unique local address in the same /48 as ours is near, and before IPv4 (draft-ietf-6man-rfc6724-update): networks
 * behind tunnels have no others.
 */
const SAME_SITE_PRECEDENCE = 45
const SITE_BITS = 48
const UNIQUE_LOCAL_LABEL = 13

function precedenceOf(candidate: Candidate): number {
  const { precedence, label } = policyOf(candidate.bytes)
  return label === UNIQUE_LOCAL_LABEL && sharedBits(candidate) >= SITE_BITS
    ? SAME_SITE_PRECEDENCE
    : precedence
}

function startsWith(bytes: Uint8Array, prefix: readonly number[], bits: number): boolean {
  for (let bit = 0; bit < bits; bit++) {
    const mask = 0x80 >> (bit & 7)
    if ((bytes[bit >> 3]! & mask) !== (prefix[bit >> 3]! & mask)) return false
  }
  return true
}

function mapped(address: Uint8Array): Uint8Array {
  if (address.length === 16) return address
  const bytes = new Uint8Array(16)
  bytes.set([0xff, 0xff], 10)
  bytes.set(address, 12)
  return bytes
}

const LINK_LOCAL = 2
const SITE_LOCAL = 5
const GLOBAL = 14

/** RFC 6724 §3.1; loopback counts as link-local (§3.4, and §3.2 for 127/8 and 169.254/16). */
function scopeOf(address: Uint8Array): number {
  if (address.length === 4)
    return address[0] === 127 || (address[0] === 169 && address[1] === 254) ? LINK_LOCAL : GLOBAL
  if (address[0] === 0xff) return address[1]! & 0x0f
  if (address[0] === 0xfe && (address[1]! & 0xc0) === 0x80) return LINK_LOCAL
  if (address[0] === 0xfe && (address[1]! & 0xc0) === 0xc0) return SITE_LOCAL
  return address.subarray(0, 15).every((byte) => byte === 0) && address[15] === 1 ? LINK_LOCAL : GLOBAL
}

/** With the address that we would send from; of the first 64 bits, what is behind them names a host. */
const sharedBits = ({ bytes, source }: Candidate): number =>
  source === undefined || source.length !== bytes.length ? 0 : Math.min(64, commonBits(bytes, source))

function commonBits(a: Uint8Array, b: Uint8Array): number {
  for (const [index, byte] of a.entries()) {
    const difference = byte ^ b[index]!
    if (difference !== 0) return index * 8 + Math.clz32(difference) - 24
  }
  return a.length * 8
}
