/**
 * The packet filters of a namespace as data: chains with their hooks and rules, each rule as the expressions that
 * decide about a packet, and the sets they look into. What only counts or logs is left out; what we cannot read is
 * kept by its name, so that a judge knows where it does not know.
 *
 * Registers are counted in bytes from 0: the kernel shows NFT_REG_1 to 4 (16 bytes each) where it can, and the
 * 4-byte NFT_REG32 otherwise. Values are hexadecimal text, in the order in which they lie in the register.
 */
import type { AttributeCursor } from '../netlink/attribute-cursor.ts'
import { text } from './attribute.ts'
import { cursorOver, type NftablesRecord, type NftablesSocket } from './nftables-socket.ts'
import * as n from './numbers.ts'
import { hexOfData, readExpression, verdictOfData } from './read-expression.ts'
import type { RuleExpression, Verdict } from './read-expression.ts'

export type { RuleExpression, Verdict } from './read-expression.ts'

export interface Ruleset {
  readonly chains: readonly RulesetChain[]
  readonly sets: readonly RulesetSet[]
}

export interface RulesetChain {
  /** `ip`, `ip6`, `inet`, `bridge`, `netdev`, `arp`. */
  readonly family: string
  readonly table: string
  readonly name: string
  /** Of base chains only, like the four below: `filter`, `nat`, `route`. */
  readonly type?: string
  /** NF_INET_*: 0 prerouting, 1 input, 2 forward, 3 output, 4 postrouting. */
  readonly hook?: number
  readonly priority?: number
  readonly policy?: 'accept' | 'drop'
  readonly rules: readonly RulesetRule[]
}

export interface RulesetRule {
  readonly handle: number
  readonly expressions: readonly RuleExpression[]
}

export interface RulesetSet {
  readonly family: string
  readonly table: string
  readonly name: string
  /** Keys are the borders of ranges: one that `ends` is the first that is not in it any more. */
  readonly ranges: boolean
  readonly elements: readonly RulesetElement[]
}

export interface RulesetElement {
  readonly key: string
  readonly ends?: true
  /** Of a verdict map. */
  readonly verdict?: Verdict
}

export interface ReadRulesetOptions {
  /** More rules than this are not read, and the result is undefined. */
  readonly maxRules: number
}

const FAMILIES: Readonly<Record<number, string>> = {
  ...{ 1: 'inet', 2: 'ip', 3: 'arp', 5: 'netdev', 7: 'bridge', 10: 'ip6' },
}
const FILTERED = new Set(['inet', 'ip', 'ip6'])
const NFT_SET_INTERVAL = 0x4
const NFT_SET_CONCAT = 0x80
const NFTA_SET_ELEM_FLAGS = 3
const NFT_SET_ELEM_INTERVAL_END = 1
const NFTA_RULE_HANDLE = 3

export const readRuleset = (
  socket: NftablesSocket,
  { maxRules }: ReadRulesetOptions,
): Ruleset | undefined => {
  const records = socket.dump(n.NFT_MSG_GETRULE).filter(isFiltering)
  if (records.length > maxRules) return undefined
  const rules = Map.groupBy(records, (r) =>
    chainId(r, textOf(r, n.NFTA_RULE_TABLE), textOf(r, n.NFTA_RULE_CHAIN)),
  )
  return {
    chains: socket
      .dump(n.NFT_MSG_GETCHAIN)
      .filter(isFiltering)
      .map((r) => chainOf(r, rules)),
    sets: socket
      .dump(n.NFT_MSG_GETSET)
      .filter((r) => isFiltering(r) && !isRangesOfConcatenations(r))
      .map((r) => setOf(socket, r)),
  }
}

const isFiltering = (record: NftablesRecord): boolean => FILTERED.has(FAMILIES[record.family] ?? '')

const chainId = ({ family }: NftablesRecord, table: string, chain: string): string =>
  `${family} ${table} ${chain}`

const chainOf = (
  record: NftablesRecord,
  rules: ReadonlyMap<string, readonly NftablesRecord[]>,
): RulesetChain => {
  const [table, name] = [textOf(record, n.NFTA_CHAIN_TABLE), textOf(record, n.NFTA_CHAIN_NAME)]
  const policy = find(record, n.NFTA_CHAIN_POLICY, (at) => at.u32BigEndian())
  const hook = find(record, n.NFTA_CHAIN_HOOK, (at) => hookOf(at.nested()))
  return {
    family: FAMILIES[record.family] ?? String(record.family),
    table,
    name,
    ...(hook === undefined ? {} : { ...hook, type: textOf(record, n.NFTA_CHAIN_TYPE) }),
    ...(policy === undefined
      ? {}
      : { policy: policy === n.NF_DROP ? ('drop' as const) : ('accept' as const) }),
    rules: (rules.get(chainId(record, table, name)) ?? []).map(ruleOf),
  }
}

const hookOf = (hook: AttributeCursor): { hook: number; priority: number } => {
  const found = { hook: 0, priority: 0 }
  while (hook.next()) {
    if (hook.type === n.NFTA_HOOK_HOOKNUM) found.hook = hook.u32BigEndian() ?? 0
    else if (hook.type === n.NFTA_HOOK_PRIORITY) found.priority = (hook.u32BigEndian() ?? 0) | 0
  }
  return found
}

const ruleOf = (record: NftablesRecord): RulesetRule => ({
  handle: Number(find(record, NFTA_RULE_HANDLE, (at) => at.u64BigEndian()) ?? 0n),
  expressions: nestedIn(cursorOver(record.attributes), n.NFTA_RULE_EXPRESSIONS)
    .flatMap((list) => nestedIn(list, n.NFTA_LIST_ELEM))
    .flatMap((element) => readExpression(element) ?? []),
})

const setOf = (socket: NftablesSocket, record: NftablesRecord): RulesetSet => {
  const [table, name] = [textOf(record, n.NFTA_SET_TABLE), textOf(record, n.NFTA_SET_NAME)]
  const flags = find(record, n.NFTA_SET_FLAGS, (at) => at.u32BigEndian()) ?? 0
  return {
    family: FAMILIES[record.family] ?? String(record.family),
    table,
    name,
    ranges: (flags & NFT_SET_INTERVAL) !== 0,
    elements: elementRecords(socket, record.family, [table, name]).flatMap(elementsOf),
  }
}

/** They are looked up in another way, by fields; a set that is left out is one that nobody can say anything about. */
const isRangesOfConcatenations = (record: NftablesRecord): boolean => {
  const flags = find(record, n.NFTA_SET_FLAGS, (at) => at.u32BigEndian()) ?? 0
  return (flags & NFT_SET_CONCAT) !== 0 && (flags & NFT_SET_INTERVAL) !== 0
}

const elementRecords = (
  socket: NftablesSocket,
  family: number,
  [table, set]: readonly [string, string],
): NftablesRecord[] => {
  const attributes = [text(n.NFTA_SET_ELEM_LIST_TABLE, table), text(n.NFTA_SET_ELEM_LIST_SET, set)]
  return socket.dump(n.NFT_MSG_GETSETELEM, { family, attributes })
}

const elementsOf = (record: NftablesRecord): RulesetElement[] =>
  nestedIn(cursorOver(record.attributes), n.NFTA_SET_ELEM_LIST_ELEMENTS)
    .flatMap((list) => nestedIn(list, n.NFTA_LIST_ELEM))
    .map(elementOf)

const elementOf = (element: AttributeCursor): RulesetElement => {
  const found: { key: string; ends?: true; verdict?: Verdict } = { key: '' }
  while (element.next()) {
    if (element.type === n.NFTA_SET_ELEM_KEY) found.key = hexOfData(element.nested())
    else if (element.type === NFTA_SET_ELEM_FLAGS) {
      if ((element.u32BigEndian() ?? 0) & NFT_SET_ELEM_INTERVAL_END) found.ends = true
    } else if (element.type === n.NFTA_SET_ELEM_DATA) {
      const verdict = verdictOfData(element.nested())
      if (verdict !== undefined) found.verdict = verdict
    }
  }
  return found
}

const textOf = (record: NftablesRecord, type: number): string => find(record, type, (at) => at.string()) ?? ''

const find = <T>(record: NftablesRecord, type: number, read: (at: AttributeCursor) => T): T | undefined => {
  const cursor = cursorOver(record.attributes)
  while (cursor.next()) if (cursor.type === type) return read(cursor)
  return undefined
}

const nestedIn = (cursor: AttributeCursor, type: number): AttributeCursor[] => {
  const found: AttributeCursor[] = []
  while (cursor.next()) if (cursor.type === type) found.push(cursor.nested())
  return found
}
