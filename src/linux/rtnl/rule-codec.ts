/**
 * RTM_NEWRULE and RTM_DELRULE: `struct fib_rule_hdr` and FRA_* attributes (<linux/fib_rules.h>).
 *
 *   fib_rule_hdr   family u8 | destination length u8 | source length u8 | tos u8
 *                  table u8 | reserved u8 ×2 | action u8 | flags u32                         12 bytes
 */
import { formatPrefix, prefixBytes } from '../ip-text.ts'
import { AttributeCursor, type MessageWriter, type NetlinkMessage } from '../netlink/index.ts'
import * as uapi from '../uapi/index.ts'
import type { Rule, RuleSpec } from './route-kernel.ts'

export const FIB_RULE_HDR = { bytes: 12, prefix: 'FRA_' } as const

/** FRA_SUPPRESS_PREFIXLEN and FRA_FWMARK say "none" by these. */
const NO_SUPPRESSION = 0xffffffff
const WHOLE_MARK = 0xffffffff

export interface RuleHeader {
  readonly family: number
  readonly destinationLength?: number
  readonly sourceLength?: number
  readonly table?: number
  readonly action?: number
  readonly flags?: number
}

export const encodeRuleHeader = (writer: MessageWriter, header: RuleHeader): void => {
  const table = header.table ?? 0
  writer
    .u8(header.family)
    .u8(header.destinationLength ?? 0)
    .u8(header.sourceLength ?? 0)
    .u8(0)
  writer
    .u8(table > 255 ? uapi.RT_TABLE_COMPAT : table)
    .u8(0)
    .u8(0)
    .u8(header.action ?? 0)
  writer.u32(header.flags ?? 0)
}

export const encodeRuleSpec = (writer: MessageWriter, spec: RuleSpec): void => {
  const source = spec.source === undefined ? undefined : prefixBytes(spec.source)
  const destination = spec.destination === undefined ? undefined : prefixBytes(spec.destination)
  encodeRuleHeader(writer, {
    family: spec.family === 'inet' ? uapi.AF_INET : uapi.AF_INET6,
    destinationLength: destination?.length ?? 0,
    sourceLength: source?.length ?? 0,
    table: spec.table,
    action: uapi.FR_ACT_TO_TBL,
    flags: spec.invert ? uapi.FIB_RULE_INVERT : 0,
  })
  if (source && source.length > 0) writer.attributeBytes(uapi.FRA_SRC, source.address)
  if (destination && destination.length > 0) writer.attributeBytes(uapi.FRA_DST, destination.address)
  encodeRuleNumbers(writer, spec)
  if (spec.inputLink !== undefined) writer.attributeString(uapi.FRA_IIFNAME, spec.inputLink)
  if (spec.outputLink !== undefined) writer.attributeString(uapi.FRA_OIFNAME, spec.outputLink)
  if (spec.protocol !== undefined) writer.attributeU8(uapi.FRA_PROTOCOL, spec.protocol)
}

const encodeRuleNumbers = (writer: MessageWriter, spec: RuleSpec): void => {
  writer.attributeU32(uapi.FRA_TABLE, spec.table)
  if (spec.priority !== undefined) writer.attributeU32(uapi.FRA_PRIORITY, spec.priority)
  if (spec.fwmark !== undefined) writer.attributeU32(uapi.FRA_FWMARK, spec.fwmark)
  if (spec.fwmask !== undefined) writer.attributeU32(uapi.FRA_FWMASK, spec.fwmask)
  if (spec.suppressPrefixLength !== undefined) {
    writer.attributeU32(uapi.FRA_SUPPRESS_PREFIXLEN, spec.suppressPrefixLength)
  }
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] }

export const decodeRule = ({ payload }: NetlinkMessage): Rule | undefined => {
  if (payload.byteLength < FIB_RULE_HDR.bytes) return undefined
  const family = payload.getUint8(0)
  if (family !== uapi.AF_INET && family !== uapi.AF_INET6) return undefined
  const rule: Mutable<Rule> = {
    family: family === uapi.AF_INET ? 'inet' : 'inet6',
    priority: 0,
    table: payload.getUint8(4),
    action: payload.getUint8(7),
    protocol: 0,
    ...(payload.getUint32(8, true) & uapi.FIB_RULE_INVERT && { invert: true }),
  }
  const attributes = new AttributeCursor(payload, FIB_RULE_HDR.bytes)
  while (attributes.next()) {
    decodeSelector(attributes, rule, payload)
    decodeNumber(attributes, rule)
  }
  // A mark of 0 that the whole of it is compared with is how the kernel shows "no mark".
  if (rule.fwmark === 0 && rule.fwmask === undefined) delete rule.fwmark
  return rule
}

const decodeSelector = (attribute: AttributeCursor, rule: Mutable<Rule>, payload: DataView): void => {
  const size = rule.family === 'inet' ? 4 : 16
  const prefix = (length: number): string | undefined =>
    attribute.length === size ? formatPrefix(attribute.bytes(), length) : undefined
  if (attribute.type === uapi.FRA_SRC) assign(rule, 'source', prefix(payload.getUint8(2)))
  else if (attribute.type === uapi.FRA_DST) assign(rule, 'destination', prefix(payload.getUint8(1)))
  else if (attribute.type === uapi.FRA_IIFNAME) rule.inputLink = attribute.string()
  else if (attribute.type === uapi.FRA_OIFNAME) rule.outputLink = attribute.string()
}

const decodeNumber = (attribute: AttributeCursor, rule: Mutable<Rule>): void => {
  switch (attribute.type) {
    case uapi.FRA_PRIORITY:
      rule.priority = attribute.u32() ?? 0
      break
    case uapi.FRA_TABLE:
      rule.table = attribute.u32() ?? rule.table
      break
    case uapi.FRA_FWMARK:
      assign(rule, 'fwmark', attribute.u32())
      break
    case uapi.FRA_FWMASK:
      assign(rule, 'fwmask', unless(attribute.u32(), WHOLE_MARK))
      break
    case uapi.FRA_SUPPRESS_PREFIXLEN:
      assign(rule, 'suppressPrefixLength', unless(attribute.u32(), NO_SUPPRESSION))
      break
    case uapi.FRA_PROTOCOL:
      rule.protocol = attribute.u8() ?? 0
      break
  }
}

const unless = (value: number | undefined, none: number): number | undefined =>
  value === none ? undefined : value

const assign = <K extends keyof Rule>(rule: Mutable<Rule>, key: K, value: Rule[K] | undefined): void => {
  if (value !== undefined) rule[key] = value
}
