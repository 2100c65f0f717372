/**
 * One nftables table as a value: printed as nft(8) text, or encoded as one netlink transaction that replaces the
 * table of that name and family atomically and touches no other.
 */
import { type Attribute, bytes32, nested, text, u32 } from './attribute.ts'
import { formatRule, type Rule } from './clause.ts'
import type { Expression } from './expression.ts'
import * as n from './numbers.ts'

export interface Table {
  readonly family: 'inet' | 'ip'
  readonly name: string
  readonly sets: readonly NamedSet[]
  readonly chains: readonly Chain[]
}

export interface Chain {
  readonly name: string
  readonly type: 'filter' | 'nat'
  readonly hook: keyof typeof n.HOOKS
  readonly priority: number
  readonly policy: 'accept' | 'drop'
  readonly rules: readonly Rule[]
}

export type KeyPart = 'ipv4_addr' | 'ipv6_addr' | 'inet_service'

/** A set, or with `value` a map, that rules fill and read. */
export interface NamedSet {
  readonly name: string
  readonly key: readonly KeyPart[]
  readonly value?: readonly KeyPart[]
  readonly size: number
}

/** One message of a transaction: what nf_tables is asked to do. */
export interface NftablesRequest {
  readonly message: number
  readonly flags: 'create' | 'append' | 'none'
  readonly family: number
  readonly attributes: readonly Attribute[]
}

const KEY_TYPES = { ipv4_addr: n.TYPE_IPV4, ipv6_addr: n.TYPE_IPV6, inet_service: n.TYPE_PORT } as const
/** Registers are 4 bytes wide, so a port takes 4 as a part of a longer key. */
const KEY_BYTES = { ipv4_addr: 4, ipv6_addr: 16, inet_service: 4 } as const

export function replaceTable(table: Table): NftablesRequest[] {
  // Deleting a table that is not there fails the transaction; creating one that is there does not.
  return [
    newTable(table),
    ...deleteTable(table),
    newTable(table),
    ...table.sets.map((set, i) => newSet(table, set, i + 1)),
    ...table.chains.flatMap((chain) => newChain(table, chain)),
  ]
}

export function deleteTable(table: Pick<Table, 'family' | 'name'>): NftablesRequest[] {
  const attributes = [text(n.NFTA_TABLE_NAME, table.name)]
  return [{ message: n.NFT_MSG_DELTABLE, flags: 'none', family: n.FAMILIES[table.family], attributes }]
}

function newTable(table: Table): NftablesRequest {
  const attributes = [text(n.NFTA_TABLE_NAME, table.name)]
  return { message: n.NFT_MSG_NEWTABLE, flags: 'create', family: n.FAMILIES[table.family], attributes }
}

function newChain(table: Table, chain: Chain): NftablesRequest[] {
  const attributes = [
    text(n.NFTA_CHAIN_TABLE, table.name),
    text(n.NFTA_CHAIN_NAME, chain.name),
    nested(n.NFTA_CHAIN_HOOK, [
      u32(n.NFTA_HOOK_HOOKNUM, n.HOOKS[chain.hook]),
      u32(n.NFTA_HOOK_PRIORITY, chain.priority >>> 0),
    ]),
    u32(n.NFTA_CHAIN_POLICY, chain.policy === 'drop' ? n.NF_DROP : n.NF_ACCEPT),
    text(n.NFTA_CHAIN_TYPE, chain.type),
  ]
  return [
    { message: n.NFT_MSG_NEWCHAIN, flags: 'create', family: n.FAMILIES[table.family], attributes },
    ...chain.rules.map((rule) => newRule(table, chain.name, rule)),
  ]
}

function newRule(table: Table, chain: string, rule: Rule): NftablesRequest {
  const expressions = rule.flatMap((clause) => clause.expressions).map(expressionElement)
  return {
    message: n.NFT_MSG_NEWRULE,
    flags: 'append',
    family: n.FAMILIES[table.family],
    attributes: [
      text(n.NFTA_RULE_TABLE, table.name),
      text(n.NFTA_RULE_CHAIN, chain),
      nested(n.NFTA_RULE_EXPRESSIONS, expressions),
    ],
  }
}

function expressionElement({ name, attributes }: Expression): Attribute {
  return nested(n.NFTA_LIST_ELEM, [text(n.NFTA_EXPR_NAME, name), nested(n.NFTA_EXPR_DATA, attributes)])
}

function newSet(table: Table, set: NamedSet, id: number): NftablesRequest {
  const value = set.value ?? []
  return {
    message: n.NFT_MSG_NEWSET,
    flags: 'create',
    family: n.FAMILIES[table.family],
    attributes: [
      text(n.NFTA_SET_TABLE, table.name),
      text(n.NFTA_SET_NAME, set.name),
      u32(n.NFTA_SET_FLAGS, n.NFT_SET_EVAL | (value.length > 0 ? n.NFT_SET_MAP : 0)),
      u32(n.NFTA_SET_KEY_TYPE, typeNumber(set.key)),
      u32(n.NFTA_SET_KEY_LEN, keyBytes(set.key)),
      ...(value.length > 0
        ? [u32(n.NFTA_SET_DATA_TYPE, typeNumber(value)), u32(n.NFTA_SET_DATA_LEN, keyBytes(value))]
        : []),
      nested(n.NFTA_SET_DESC, [u32(n.NFTA_SET_DESC_SIZE, set.size)]),
      { type: n.NFTA_SET_ID, value: bytes32(id) },
    ],
  }
}

/** A concatenation is 6 bits a part, the first part highest. */
function typeNumber(parts: readonly KeyPart[]): number {
  return parts.reduce((sum, part) => (sum << 6) | KEY_TYPES[part], 0)
}

/** A lone port is 2 bytes; within a concatenation it takes a register. */
export function keyBytes(parts: readonly KeyPart[]): number {
  if (parts.length === 1 && parts[0] === 'inet_service') return 2
  return parts.reduce((sum, part) => sum + KEY_BYTES[part], 0)
}

/** As `nft list table` would print it, but for what rules have put into sets. */
export function formatTable(table: Table): string {
  const sets = table.sets.map(
    (set) =>
      `  ${set.value ? 'map' : 'set'} ${set.name} { type ${typeText(set)}; size ${set.size}; flags dynamic }`,
  )
  const chains = table.chains.map((chain) =>
    [
      `  chain ${chain.name} { type ${chain.type} hook ${chain.hook} priority ${chain.priority}; policy ${chain.policy};`,
      ...chain.rules.map((rule) => `    ${formatRule(rule)}`),
      '  }',
    ].join('\n'),
  )
  return [`table ${table.family} ${table.name} {`, ...sets, ...chains, '}', ''].join('\n')
}

function typeText(set: NamedSet): string {
  return [set.key.join(' . '), ...(set.value ? [set.value.join(' . ')] : [])].join(' : ')
}
