/**
 * Every table, chain, rule and set of a namespace as one line each, for comparing. Rules are told apart by a
 * digest of their expressions without what counts by itself; sets that expire or that rules fill are named
 * without their contents.
 */
import { createHash } from 'node:crypto'
import type { AttributeCursor } from '../netlink/attribute-cursor.ts'
import { cursorOver, type NftablesRecord, type NftablesSocket } from './nftables-socket.ts'
import * as n from './numbers.ts'

const FAMILY_NAMES: Readonly<Record<number, string>> = {
  1: 'inet',
  2: 'ip',
  3: 'arp',
  5: 'netdev',
  7: 'bridge',
  10: 'ip6',
}
/** Expressions with state of their own. */
const COUNTING = new Set(['counter', 'quota', 'last', 'limit', 'connlimit'])

export function describeRuleset(socket: NftablesSocket): string[] {
  const tables = socket.dump(n.NFT_MSG_GETTABLE).map((r) => line('table', r, [n.NFTA_TABLE_NAME]))
  const chains = socket
    .dump(n.NFT_MSG_GETCHAIN)
    .map((r) => line('chain', r, [n.NFTA_CHAIN_TABLE, n.NFTA_CHAIN_NAME]) + chainDetail(r))
  const rules = socket
    .dump(n.NFT_MSG_GETRULE)
    .map((r) => `${line('rule', r, [n.NFTA_RULE_TABLE, n.NFTA_RULE_CHAIN])} ${ruleDigest(r)}`)
  const sets = socket.dump(n.NFT_MSG_GETSET).flatMap((r) => describeSet(socket, r))
  return [...tables, ...chains, ...rules, ...sets].toSorted()
}

function line(kind: string, record: NftablesRecord, names: readonly number[]): string {
  const words = names.map((type) => textOf(record, type))
  return [kind, FAMILY_NAMES[record.family] ?? String(record.family), ...words].join(' ')
}

function chainDetail(record: NftablesRecord): string {
  const policy = find(record, n.NFTA_CHAIN_POLICY, (at) => at.u32BigEndian())
  return policy === undefined ? '' : ` policy ${policy === n.NF_DROP ? 'drop' : 'accept'}`
}

function ruleDigest(record: NftablesRecord): string {
  const hash = createHash('sha256')
  const expressions = find(record, n.NFTA_RULE_EXPRESSIONS, (at) => at.nested())
  while (expressions?.next()) {
    const name = readName(expressions.nested())
    hash.update(COUNTING.has(name) ? name : expressions.bytes())
  }
  return hash.digest('hex').slice(0, 16)
}

function readName(expression: AttributeCursor): string {
  while (expression.next()) if (expression.type === n.NFTA_EXPR_NAME) return expression.string()
  return ''
}

function describeSet(socket: NftablesSocket, record: NftablesRecord): string[] {
  const head = line('set', record, [n.NFTA_SET_TABLE, n.NFTA_SET_NAME])
  const flags = find(record, n.NFTA_SET_FLAGS, (at) => at.u32BigEndian()) ?? 0
  const changing = (flags & (n.NFT_SET_TIMEOUT | n.NFT_SET_EVAL)) !== 0
  if (changing) return [`${head} (contents vary)`]
  const keys = socket.elementsOf(
    record.family,
    textOf(record, n.NFTA_SET_TABLE),
    textOf(record, n.NFTA_SET_NAME),
  )
  return [head, ...keys.map((key) => `${head} element ${Buffer.from(key).toString('hex')}`)]
}

function textOf(record: NftablesRecord, type: number): string {
  return find(record, type, (at) => at.string()) ?? ''
}

function find<T>(record: NftablesRecord, type: number, read: (at: AttributeCursor) => T): T | undefined {
  const cursor = cursorOver(record.attributes)
  while (cursor.next()) if (cursor.type === type) return read(cursor)
  return undefined
}
