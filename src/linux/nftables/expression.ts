/**
 * The expressions a rule is made of, one function each, as <linux/netfilter/nf_tables.h> lays them out. All
 * numbers in attributes are big-endian; what registers hold is in the order of the packet, except what `meta`,
 * `ct` and `numgen` load, which is in the host's (little-endian on the machines we run on).
 *
 * Registers are counted here from 0 in units of 4 bytes (NFT_REG32_00 and up).
 */
import { type Attribute, nested, text, u32 } from './attribute.ts'
import * as n from './numbers.ts'

export interface Expression {
  readonly name: string
  readonly attributes: readonly Attribute[]
}

const expression = (name: string, attributes: readonly Attribute[]): Expression => ({ name, attributes })
const register = (index: number): number => n.NFT_REG32_00 + index
const data = (type: number, value: Uint8Array): Attribute =>
  nested(type, [{ type: n.NFTA_DATA_VALUE, value }])

export function meta(key: number, into = 0): Expression {
  return expression('meta', [u32(1, register(into)), u32(2, key)])
}

export function payload(base: number, at: { offset: number; length: number }, into = 0): Expression {
  return expression('payload', [u32(1, register(into)), u32(2, base), u32(3, at.offset), u32(4, at.length)])
}

export function ct(key: number, into = 0): Expression {
  return expression('ct', [u32(1, register(into)), u32(2, key)])
}

/** The port that the first packet of the connection was sent to, before any translation. */
export function originalDestinationPort(into = 0): Expression {
  const original: Attribute = { type: 3, value: Uint8Array.of(0) }
  return expression('ct', [u32(1, register(into)), u32(2, n.NFT_CT_PROTO_DST), original])
}

export function cmp(operator: number, value: Uint8Array, from = 0): Expression {
  return expression('cmp', [u32(1, register(from)), u32(2, operator), data(3, value)])
}

/** `register & mask`. */
export function mask(value: Uint8Array, at = 0): Expression {
  return expression('bitwise', [
    u32(1, register(at)),
    u32(2, register(at)),
    u32(3, value.length),
    data(4, value),
    data(5, new Uint8Array(value.length)),
  ])
}

/** Two bytes from the host's order to the network's. */
export function toNetworkOrder16(at = 0): Expression {
  return expression('byteorder', [
    u32(1, register(at)),
    u32(2, register(at)),
    u32(3, n.NFT_BYTEORDER_HTON),
    u32(4, 2),
    u32(5, 2),
  ])
}

export function immediate(value: Uint8Array, into = 0): Expression {
  return expression('immediate', [u32(1, register(into)), data(2, value)])
}

export function verdict(code: number): Expression {
  const value = nested(n.NFTA_DATA_VERDICT, [u32(n.NFTA_VERDICT_CODE, code)])
  return expression('immediate', [u32(1, n.NFT_REG_VERDICT), nested(2, [value])])
}

/** Ends the rule unless the set has the key (or, inverted, unless it has not). */
export function lookup(set: string, o: { key?: number; into?: number; inverted?: boolean } = {}): Expression {
  return expression('lookup', [
    text(1, set),
    u32(2, register(o.key ?? 0)),
    ...(o.into === undefined ? [] : [u32(3, register(o.into))]),
    ...(o.inverted === true ? [u32(5, n.NFT_LOOKUP_F_INV)] : []),
  ])
}

/** Adds `key` (and for a map what `value` holds) to a set, from the packet path. */
export function addToSet(set: string, o: { key: number; value?: number }): Expression {
  return expression('dynset', [
    text(1, set),
    u32(3, n.NFT_DYNSET_OP_ADD),
    u32(4, register(o.key)),
    ...(o.value === undefined ? [] : [u32(5, register(o.value))]),
  ])
}

export function nat(type: 'snat' | 'dnat', o: { address: number; port?: number }): Expression {
  return expression('nat', [
    u32(1, type === 'snat' ? n.NFT_NAT_SNAT : n.NFT_NAT_DNAT),
    u32(2, n.NFPROTO_IPV4),
    u32(3, register(o.address)),
    ...(o.port === undefined ? [] : [u32(5, register(o.port)), u32(6, register(o.port))]),
  ])
}

export function masquerade(): Expression {
  return expression('masq', [])
}

/** To this machine, at the port that the register holds. */
export function redirect(port: number): Expression {
  return expression('redir', [u32(1, register(port)), u32(2, register(port))])
}

/** A random number below `modulus`, plus `offset`. */
export function random(o: { modulus: number; offset?: number }, into = 0): Expression {
  return expression('numgen', [
    u32(1, register(into)),
    u32(2, o.modulus),
    u32(3, n.NFT_NG_RANDOM),
    u32(4, o.offset ?? 0),
  ])
}

export function counter(): Expression {
  return expression('counter', [])
}
