/**
 * Rules as people read them: each clause is a piece of nft(8) text and the expressions it stands for, so that a
 * ruleset can be printed, compared and loaded from one value. Only the clauses that somebody needs are here.
 */
import { bytes16, bytes32 } from './attribute.ts'
import * as e from './expression.ts'
import type { Expression } from './expression.ts'
import * as n from './numbers.ts'

export interface Clause {
  readonly text: string
  readonly expressions: readonly Expression[]
}

export type Rule = readonly Clause[]

export const formatRule = (rule: Rule): string => rule.map((clause) => clause.text).join(' ')

const clause = (text: string, ...expressions: readonly Expression[]): Clause => ({ text, expressions })

const PROTOCOLS = { icmp: 1, tcp: 6, udp: 17, icmpv6: 58 } as const
export type L4Protocol = keyof typeof PROTOCOLS

/** Field places: RFC 791 §3.1, RFC 8200 §3, RFC 768, RFC 9293 §3.1. */
const IPV4_SOURCE = { offset: 12, length: 4 }
const IPV4_DESTINATION = { offset: 16, length: 4 }
const IPV6_SOURCE = { offset: 8, length: 16 }
const SOURCE_PORT = { offset: 0, length: 2 }
const DESTINATION_PORT = { offset: 2, length: 2 }

const network = (at: { offset: number; length: number }, into = 0): Expression =>
  e.payload(n.NFT_PAYLOAD_NETWORK_HEADER, at, into)
const transport = (at: { offset: number; length: number }, into = 0): Expression =>
  e.payload(n.NFT_PAYLOAD_TRANSPORT_HEADER, at, into)
const isProtocol = (protocol: L4Protocol): readonly Expression[] => [
  e.meta(n.NFT_META_L4PROTO),
  e.cmp(n.NFT_CMP_EQ, Uint8Array.of(PROTOCOLS[protocol])),
]
const isFamily = (family: number): readonly Expression[] => [
  e.meta(n.NFT_META_NFPROTO),
  e.cmp(n.NFT_CMP_EQ, Uint8Array.of(family)),
]

/** Interface names compare as 16 bytes, zero-padded (IFNAMSIZ). */
function nameBytes(name: string): Uint8Array {
  const bytes = new Uint8Array(16)
  bytes.set(new TextEncoder().encode(name).subarray(0, 15))
  return bytes
}

export const accept = (): Clause => clause('accept', e.verdict(n.NF_ACCEPT))
export const drop = (): Clause => clause('drop', e.verdict(n.NF_DROP))
export const count = (): Clause => clause('counter', e.counter())

export function from(link: string): Clause {
  return clause(`iifname "${link}"`, e.meta(n.NFT_META_IIFNAME), e.cmp(n.NFT_CMP_EQ, nameBytes(link)))
}

export function notFrom(link: string): Clause {
  return clause(`iifname != "${link}"`, e.meta(n.NFT_META_IIFNAME), e.cmp(n.NFT_CMP_NEQ, nameBytes(link)))
}

export function to(link: string): Clause {
  return clause(`oifname "${link}"`, e.meta(n.NFT_META_OIFNAME), e.cmp(n.NFT_CMP_EQ, nameBytes(link)))
}

export function notTo(link: string): Clause {
  return clause(`oifname != "${link}"`, e.meta(n.NFT_META_OIFNAME), e.cmp(n.NFT_CMP_NEQ, nameBytes(link)))
}

export function established(): Clause {
  return clause('ct state established,related', ...anyBit(n.NFT_CT_STATE, n.CT_ESTABLISHED | n.CT_RELATED))
}

export function wasForwarded(): Clause {
  return clause('ct status dnat', ...anyBit(n.NFT_CT_STATUS, n.IPS_DST_NAT))
}

function anyBit(key: number, bits: number): Expression[] {
  const hostOrder = Uint8Array.of(bits & 255, (bits >> 8) & 255, (bits >> 16) & 255, bits >>> 24)
  return [e.ct(key), e.mask(hostOrder), e.cmp(n.NFT_CMP_NEQ, new Uint8Array(4))]
}

export function protocol(name: L4Protocol): Clause {
  return clause(`meta l4proto ${name}`, ...isProtocol(name))
}

/** Neighbour discovery, without which IPv6 has no links (RFC 4861: types 133 to 137). */
export function neighbourDiscovery(): Clause {
  return clause(
    'icmpv6 type >= 133 icmpv6 type <= 137',
    ...isProtocol('icmpv6'),
    transport({ offset: 0, length: 1 }),
    e.cmp(5, Uint8Array.of(133)),
    e.cmp(3, Uint8Array.of(137)),
  )
}

export function destinationPort(name: 'tcp' | 'udp', port: number): Clause {
  const expressions = [...isProtocol(name), transport(DESTINATION_PORT), e.cmp(n.NFT_CMP_EQ, bytes16(port))]
  return clause(`${name} dport ${port}`, ...expressions)
}

export function sourceIs(address: string, bytes: Uint8Array): Clause {
  const v6 = bytes.length === 16
  return clause(
    `${v6 ? 'ip6' : 'ip'} saddr ${address}`,
    ...isFamily(v6 ? n.NFPROTO_IPV6 : n.NFPROTO_IPV4),
    network(v6 ? IPV6_SOURCE : IPV4_SOURCE),
    e.cmp(n.NFT_CMP_EQ, bytes),
  )
}

export function ipv4Bytes(address: string): Uint8Array {
  return Uint8Array.from(address.split('.').map(Number))
}

/** Loses this share of the packets that get here. */
export function lose(share: number): Clause {
  const perMillion = Math.round(share * 1_000_000)
  return clause(
    `numgen random mod 1000000 < ${perMillion} drop`,
    e.random({ modulus: 1_000_000 }),
    // numgen is in host order; compared as big-endian bytes only after a swap of the four.
    ...hostOrderBelow(perMillion),
    e.verdict(n.NF_DROP),
  )
}

function hostOrderBelow(value: number): Expression[] {
  const swap: Expression = {
    name: 'byteorder',
    attributes: [
      { type: 1, value: bytes32(n.NFT_REG32_00) },
      { type: 2, value: bytes32(n.NFT_REG32_00) },
      { type: 3, value: bytes32(n.NFT_BYTEORDER_HTON) },
      { type: 4, value: bytes32(4) },
      { type: 5, value: bytes32(4) },
    ],
  }
  return [swap, e.cmp(n.NFT_CMP_LT, bytes32(value))]
}

export function masquerade(): Clause {
  return clause('masquerade', e.masquerade())
}

export function forwardTo(address: string, port: number): Clause {
  return clause(
    `dnat ip to ${address}:${port}`,
    e.immediate(ipv4Bytes(address), 0),
    e.immediate(bytes16(port), 1),
    e.nat('dnat', { address: 0, port: 1 }),
  )
}

export function redirectTo(port: number): Clause {
  return clause(`redirect to :${port}`, e.immediate(bytes16(port), 0), e.redirect(0))
}

export const fields = {
  ipv4Source: (into: number) => network(IPV4_SOURCE, into),
  ipv4Destination: (into: number) => network(IPV4_DESTINATION, into),
  ipv6Source: (into: number) => network(IPV6_SOURCE, into),
  sourcePort: (into: number) => transport(SOURCE_PORT, into),
  destinationPort: (into: number) => transport(DESTINATION_PORT, into),
}

/** A clause put together by hand, for what has no short name above. */
export function custom(text: string, expressions: readonly Expression[]): Clause {
  return { text, expressions }
}
