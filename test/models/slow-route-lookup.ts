/**
 * Route lookup as a story told with strings of bits: write down every table that the rules lead to, one after the
 * other, and take the first entry that is left. The twin of src/reconcile/reachability-lookup.ts.
 */
import { parseAddress, parsePrefix } from '../../src/model/index.ts'

export interface SlowRoute {
  readonly destination: string
  readonly table: number
  readonly link: string
  readonly metric: number
}

export interface SlowRule {
  readonly priority: number
  readonly table: number
  readonly fwmark?: number
  readonly invert?: boolean
  readonly suppressPrefixLength?: number
  readonly source?: string
  readonly destination?: string
}

export interface SlowHost {
  readonly routes: readonly SlowRoute[]
  readonly rules: readonly SlowRule[]
  readonly linksUp: readonly string[]
}

export interface SlowFlow {
  readonly to: string
  readonly from?: string | undefined
  readonly mark: number
}

/** The link, or undefined. */
export const slowLookUp = (host: SlowHost, flow: SlowFlow): string | undefined => {
  const tables = host.rules.toSorted((a, b) => a.priority - b.priority).filter((rule) => asks(rule, flow))
  const entries = tables.flatMap((rule) =>
    host.routes
      .filter((r) => r.table === rule.table && host.linksUp.includes(r.link))
      .filter((r) => addressBits(flow.to).startsWith(bits(r.destination)))
      .toSorted((a, b) => bits(b.destination).length - bits(a.destination).length || a.metric - b.metric)
      .slice(0, 1)
      .filter((r) => bits(r.destination).length > (rule.suppressPrefixLength ?? -1)),
  )
  return entries[0]?.link
}

const asks = (rule: SlowRule, flow: SlowFlow): boolean => {
  const byMark = rule.fwmark === undefined || rule.fwmark === flow.mark
  const byDestination =
    rule.destination === undefined || addressBits(flow.to).startsWith(bits(rule.destination))
  const bySource =
    rule.source === undefined ||
    (flow.from !== undefined && addressBits(flow.from).startsWith(bits(rule.source)))
  const all = byMark && byDestination && bySource
  return rule.invert === true ? !all : all
}

const bits = (prefix: string): string => {
  const { address, length } = parsePrefix(prefix) ?? { address: { family: 4, value: 0n }, length: 0 }
  return address.value
    .toString(2)
    .padStart(address.family === 4 ? 32 : 128, '0')
    .slice(0, length)
}

const addressBits = (address: string): string =>
  bits(`${address}/${parseAddress(address)?.family === 6 ? 128 : 32}`)
