/** nftables over nfnetlink: rules as values with their nft(8) text, transactions, dumps. */
export * as clause from './clause.ts'
export * as expression from './expression.ts'
export type { Clause, Rule } from './clause.ts'
export { describeRuleset } from './describe-ruleset.ts'
export { readRuleset } from './read-ruleset.ts'
export type * from './read-ruleset.ts'
export { NftablesSocket, type NftablesRecord } from './nftables-socket.ts'
export * as nftablesNumbers from './numbers.ts'
export {
  type Chain,
  deleteTable,
  formatTable,
  type NamedSet,
  type NftablesRequest,
  replaceTable,
  type Table,
} from './ruleset.ts'
