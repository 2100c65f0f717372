/**
 * One expression of a rule, as the kernel lists it (<linux/netfilter/nf_tables.h>): a name and attributes, whose
 * numbers are counted anew for each kind of expression.
 */
import type { AttributeCursor } from '../netlink/attribute-cursor.ts'
import * as n from './numbers.ts'

export type Verdict =
  | { readonly kind: 'accept' | 'drop' | 'queue' | 'continue' | 'return' }
  | { readonly kind: 'jump' | 'goto'; readonly chain: string }

/** `from`, `into`: bytes from the start of the registers. */
export type RuleExpression =
  | { readonly op: 'meta' | 'ct'; readonly key: number; readonly into: number }
  | {
      readonly op: 'payload'
      /** 0 link, 1 network, 2 transport. */
      readonly base: number
      readonly offset: number
      readonly length: number
      readonly into: number
    }
  | { readonly op: 'cmp'; readonly from: number; readonly how: Comparison; readonly value: string }
  | {
      readonly op: 'range'
      readonly from: number
      readonly inside: boolean
      readonly low: string
      readonly high: string
    }
  | {
      readonly op: 'bitwise'
      readonly from: number
      readonly into: number
      readonly mask: string
      readonly xor: string
    }
  | {
      readonly op: 'lookup'
      readonly from: number
      readonly set: string
      readonly inverted: boolean
      readonly verdicts: boolean
    }
  | { readonly op: 'load'; readonly into: number; readonly value: string }
  | { readonly op: 'verdict'; readonly verdict: Verdict }
  | { readonly op: 'reject' }
  /** We do not know what it does: `limit`, `fib`, `match conntrack`, … */
  | { readonly op: 'other'; readonly name: string }

export type Comparison = '==' | '!=' | '<' | '<=' | '>' | '>='
const COMPARISONS: readonly Comparison[] = ['==', '!=', '<', '<=', '>', '>=']

/** They look at nothing and decide nothing. Translations are among them: their chains decide no packet's fate. */
const HARMLESS = new Set(['counter', 'log', 'notrack', 'last', 'objref', 'dup', 'masq', 'nat', 'redir'])

/** Undefined for what makes no difference. */
export const readExpression = (element: AttributeCursor): RuleExpression | undefined => {
  let name = ''
  let data: AttributeCursor | undefined
  while (element.next()) {
    if (element.type === n.NFTA_EXPR_NAME) name = element.string()
    else if (element.type === n.NFTA_EXPR_DATA) data = element.nested()
  }
  if (HARMLESS.has(name)) return undefined
  const attributes = attributesOf(data)
  return READERS[name]?.(attributes) ?? { op: 'other', name: nameOfOther(name, attributes) }
}

type Attributes = ReadonlyMap<number, AttributeValue>
interface AttributeValue {
  readonly bytes: Uint8Array
  readonly nested: () => AttributeCursor
}
type Reader = (attributes: Attributes) => RuleExpression | undefined

const READERS: Readonly<Record<string, Reader>> = {
  meta: (at) => loaded(at, 'meta', { key: 2, into: 1, writes: 3 }),
  ct: (at) => loaded(at, 'ct', { key: 2, into: 1, writes: 4 }),
  payload: (at) => {
    if (at.has(5)) return undefined // it writes to the packet
    const [into, base, offset, length] = [register(at, 1), u32(at, 2), u32(at, 3), u32(at, 4)]
    return { op: 'payload', base, offset, length, into }
  },
  cmp: (at) => {
    const how = COMPARISONS[u32(at, 2)]
    return how && { op: 'cmp', from: register(at, 1), how, value: dataOf(at, 3) }
  },
  range: (at) => ({
    op: 'range',
    from: register(at, 1),
    inside: u32(at, 2) === 0,
    low: dataOf(at, 3),
    high: dataOf(at, 4),
  }),
  bitwise: (at) =>
    u32(at, 6) === 0
      ? {
          op: 'bitwise',
          from: register(at, 1),
          into: register(at, 2),
          mask: dataOf(at, 4),
          xor: dataOf(at, 5),
        }
      : undefined,
  lookup: (at) => ({
    op: 'lookup',
    from: register(at, 2),
    set: textOf(at, 1),
    inverted: (u32(at, 5) & n.NFT_LOOKUP_F_INV) !== 0,
    verdicts: at.has(3) && u32(at, 3) === n.NFT_REG_VERDICT,
  }),
  immediate: (at) => {
    const data = at.get(2)
    const verdict = data && verdictOfData(data.nested())
    if (verdict) return { op: 'verdict', verdict }
    return { op: 'load', into: register(at, 1), value: data ? hexOfData(data.nested()) : '' }
  },
  reject: () => ({ op: 'reject' }),
  // iptables-nft keeps some of its own targets.
  target: (at) => (textOf(at, 1) === 'REJECT' ? { op: 'reject' } : undefined),
}

const loaded = (
  at: Attributes,
  op: 'meta' | 'ct',
  numbers: { readonly key: number; readonly into: number; readonly writes: number },
): RuleExpression | undefined =>
  at.has(numbers.writes) ? undefined : { op, key: u32(at, numbers.key), into: register(at, numbers.into) }

const nameOfOther = (name: string, attributes: Attributes): string =>
  name === 'match' || name === 'target' ? `${name} ${textOf(attributes, 1)}` : name

const attributesOf = (data: AttributeCursor | undefined): Attributes => {
  const found = new Map<number, AttributeValue>()
  while (data?.next()) {
    const nested = data.nested()
    found.set(data.type, { bytes: data.bytes(), nested: () => nested })
  }
  return found
}

const u32 = (at: Attributes, type: number): number => {
  const bytes = at.get(type)?.bytes
  if (bytes === undefined || bytes.length < 4) return 0
  return new DataView(bytes.buffer, bytes.byteOffset, 4).getUint32(0)
}

const NFT_REG_4 = 4
const register = (at: Attributes, type: number): number => {
  const number = u32(at, type)
  return number <= NFT_REG_4 ? (number - 1) * 16 : (number - n.NFT_REG32_00) * 4
}

const decoder = new TextDecoder()
const textOf = (at: Attributes, type: number): string => {
  const bytes = at.get(type)?.bytes ?? new Uint8Array()
  const end = bytes.indexOf(0)
  return decoder.decode(end < 0 ? bytes : bytes.subarray(0, end))
}

const dataOf = (at: Attributes, type: number): string => {
  const data = at.get(type)
  return data ? hexOfData(data.nested()) : ''
}

/** NFTA_DATA_VALUE inside `at`. */
export const hexOfData = (at: AttributeCursor): string => {
  while (at.next()) {
    if (at.type !== n.NFTA_DATA_VALUE) continue
    return Array.from(at.bytes(), (byte) => byte.toString(16).padStart(2, '0')).join('')
  }
  return ''
}

const NFTA_VERDICT_CHAIN = 2
/** NF_* are positive, with a queue's number above 16 bits; NFT_* are negative. */
const VERDICTS: Readonly<Record<number, Exclude<Verdict['kind'], 'jump' | 'goto'>>> = {
  ...{ 0: 'drop', 1: 'accept', 3: 'queue', [-1]: 'continue', [-2]: 'continue', [-5]: 'return' },
}

/** NFTA_DATA_VERDICT inside `at`, when there is one. */
export const verdictOfData = (at: AttributeCursor): Verdict | undefined => {
  while (at.next()) if (at.type === n.NFTA_DATA_VERDICT) return verdictOf(at.nested())
  return undefined
}

const verdictOf = (at: AttributeCursor): Verdict | undefined => {
  let code = 0
  let chain = ''
  while (at.next()) {
    if (at.type === n.NFTA_VERDICT_CODE) code = (at.u32BigEndian() ?? 0) | 0
    else if (at.type === NFTA_VERDICT_CHAIN) chain = at.string()
  }
  if (code === -3 || code === -4) return { kind: code === -3 ? 'jump' : 'goto', chain }
  const kind = VERDICTS[code < 0 ? code : code & 0xffff]
  return kind && { kind }
}
