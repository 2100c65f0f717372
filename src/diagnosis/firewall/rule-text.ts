/** Rules as people know them: where they are, what they say as far as we can read them, and the rule to put before. */
import type { ExpressionFacts, RulesetFacts } from '../facts.ts'
import type { RuleRef } from './judge.ts'
import type { Packet } from './packet.ts'

/** `chain input of table inet filter: udp dport 51820 drop (handle 7)`. */
export const placeOf = (by: RuleRef, ruleset: RulesetFacts): string => {
  const chain = ruleset.chains.find(
    (one) => one.name === by.chain && one.table === by.table && one.family === by.family,
  )
  const where = `chain ${by.chain} of table ${by.family} ${by.table}`
  const rule = chain?.rules.find((one) => one.handle === by.handle)
  if (rule === undefined) return `the policy of ${where} is drop`
  return `${where} says ${formatRule(rule.expressions)} (handle ${rule.handle})`
}

/** As nft(8) prints it, with `…` for what we cannot read. */
export const formatRule = (expressions: readonly ExpressionFacts[]): string => {
  const words: string[] = []
  let loaded: ExpressionFacts | undefined
  for (const one of expressions) {
    if (one.op === 'meta' || one.op === 'ct' || one.op === 'payload') loaded = one
    else if (one.op === 'cmp') words.push(comparison(loaded, one))
    else if (one.op === 'lookup')
      words.push(`${nameOf(loaded) || '…'} ${one.inverted ? '!= ' : ''}@${one.set}`)
    else if (one.op === 'range') words.push(`${nameOf(loaded) || '…'} range`)
    else if (one.op === 'verdict')
      words.push('chain' in one.verdict ? `${one.verdict.kind} ${one.verdict.chain}` : one.verdict.kind)
    else if (one.op === 'reject') words.push('reject')
    else if (one.op === 'other') words.push(one.name)
  }
  // `udp dport` says the protocol already.
  return words
    .filter((word) => word !== '')
    .join(' ')
    .replace(/l4proto (\w+) (?=[ds]port)/, '$1 ')
}

const comparison = (
  loaded: ExpressionFacts | undefined,
  { how, value }: Extract<ExpressionFacts, { op: 'cmp' }>,
): string => {
  const name = nameOf(loaded)
  if (name === 'nfproto') return ''
  const operator = how === '==' ? '' : `${how} `
  if (name === 'ct state') return 'ct state …'
  return `${name || '…'} ${operator}${valueText(name, value)}`
}

const META: Readonly<Record<number, string>> = {
  ...{ 3: 'mark', 6: 'iifname', 7: 'oifname', 15: 'nfproto', 16: 'l4proto' },
}
const PLACES: Readonly<Record<string, string>> = {
  ...{ '1 12 4': 'ip saddr', '1 16 4': 'ip daddr', '1 9 1': 'ip protocol' },
  ...{ '1 8 16': 'ip6 saddr', '1 24 16': 'ip6 daddr', '2 0 2': 'sport', '2 2 2': 'dport' },
  ...{ '2 0 1': 'icmp type', '1 2 2': 'length' },
}
const PROTOCOLS: Readonly<Record<number, string>> = { ...{ 1: 'icmp', 6: 'tcp', 17: 'udp', 58: 'icmpv6' } }

const nameOf = (loaded: ExpressionFacts | undefined): string => {
  if (loaded?.op === 'meta') return META[loaded.key] ?? ''
  if (loaded?.op === 'ct') return loaded.key === 0 ? 'ct state' : ''
  if (loaded?.op === 'payload') return PLACES[`${loaded.base} ${loaded.offset} ${loaded.length}`] ?? ''
  return ''
}

const valueText = (name: string, hex: string): string => {
  const bytes = Array.from({ length: hex.length >> 1 }, (_, i) =>
    Number.parseInt(hex.slice(i * 2, i * 2 + 2), 16),
  )
  const number = bytes.reduce((sum, byte) => sum * 256 + byte, 0)
  if (name.endsWith('ifname')) {
    const text = String.fromCodePoint(...bytes.filter((byte) => byte !== 0))
    return bytes.at(-1) === 0 ? `"${text}"` : `"${text}*"`
  }
  if (name === 'l4proto' || name === 'ip protocol') return PROTOCOLS[number] ?? String(number)
  if (name.startsWith('ip ')) return bytes.join('.')
  return bytes.length <= 4 ? String(number) : `0x${hex}`
}

/** A rule in the same chain, before the one that drops. */
export const openingFor = ({ family, table, chain }: RuleRef, packet: Packet): string =>
  `nft insert rule ${family} ${table} ${chain} ${selector(packet)} accept`

const selector = (packet: Packet): string => {
  if (packet.protocol === 'icmp') {
    const links = [
      ...(packet.inputLink === undefined ? [] : [`iifname "${packet.inputLink}"`]),
      ...(packet.outputLink === undefined ? [] : [`oifname "${packet.outputLink}"`]),
    ]
    return links.length === 0 ? 'meta l4proto { icmp, icmpv6 }' : links.join(' ')
  }
  if (packet.state === 'established') return 'ct state established,related'
  return `udp dport ${packet.destinationPort ?? 51820}`
}
