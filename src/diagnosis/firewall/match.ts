/**
 * Whether a packet matches a rule: its expressions one after the other on registers (nft(8); the kernel's
 * nft_do_chain()), with a third answer. `maybe`: something was asked that cannot be known from here, such as a
 * limit, a mark that someone else sets, or an expression that we cannot read.
 */
import type { ChainFacts, ExpressionFacts, RulesetFacts, SetFacts, VerdictFacts } from '../facts.ts'
import { Known, networkHeader, type Packet, protocolNumber, transportHeader } from './packet.ts'

export type Match = 'yes' | 'maybe' | 'no'

export interface RuleOutcome {
  readonly match: Match
  readonly verdict: VerdictFacts | 'reject' | undefined
}

export interface RulePlace {
  readonly ruleset: RulesetFacts
  readonly chain: ChainFacts
  readonly packet: Packet
}

const REGISTER_BYTES = 80
const NAME_BYTES = 16

export const matchRule = (expressions: readonly ExpressionFacts[], place: RulePlace): RuleOutcome => {
  const registers = new Known(REGISTER_BYTES)
  let match: Match = 'yes'
  let verdict: RuleOutcome['verdict']
  for (const expression of expressions) {
    const step = run(expression, { registers, ...place })
    if (step.match === 'no') return { match: 'no', verdict: undefined }
    if (step.match === 'maybe') match = 'maybe'
    if (step.verdict !== undefined) verdict = step.verdict
    if (verdict !== undefined) break
  }
  return { match, verdict }
}

interface Running extends RulePlace {
  readonly registers: Known
}

interface StepOutcome {
  readonly match: Match
  readonly verdict?: RuleOutcome['verdict']
}

const GOES_ON: StepOutcome = { match: 'yes' }
const UNKNOWN: StepOutcome = { match: 'maybe' }

const run = (expression: ExpressionFacts, at: Running): StepOutcome => {
  const { registers, packet } = at
  switch (expression.op) {
    case 'meta':
      load(registers, expression.into, metaValue(expression.key, packet))
      return GOES_ON
    case 'ct':
      load(registers, expression.into, expression.key === 0 ? ctState(packet) : undefined)
      return GOES_ON
    case 'payload':
      loadPayload(registers, expression, packet)
      return GOES_ON
    case 'load':
      registers.set(expression.into, bytesOf(expression.value))
      return GOES_ON
    case 'bitwise':
      mask(registers, expression)
      return GOES_ON
    case 'cmp':
      return { match: compare(registers, expression) }
    case 'range':
      return { match: inRange(registers, expression) }
    case 'lookup':
      return lookUp(expression, at)
    case 'verdict':
      return { match: 'yes', verdict: expression.verdict }
    case 'reject':
      return { match: 'yes', verdict: 'reject' }
    case 'other':
      return UNKNOWN
  }
}

/** An unknown value takes no more than this; what is known behind it is overwritten in time. */
const load = (registers: Known, into: number, value: readonly number[] | undefined): void => {
  if (value === undefined) registers.forget(into, NAME_BYTES)
  else registers.set(into, value).fill(into, value.length)
}

const hostOrder = (value: number): number[] => [
  value & 255,
  (value >> 8) & 255,
  (value >> 16) & 255,
  value >>> 24,
]

/** NFT_META_*. */
const metaValue = (key: number, packet: Packet): readonly number[] | undefined => {
  switch (key) {
    case 1:
      return packet.family === 4 ? [0x08, 0x00] : [0x86, 0xdd]
    case 3:
      return hostOrder(packet.mark ?? 0)
    case 6:
      return packet.inputLink === undefined ? undefined : nameBytes(packet.inputLink)
    case 7:
      return packet.outputLink === undefined ? undefined : nameBytes(packet.outputLink)
    case 15:
      return [packet.family === 4 ? 2 : 10]
    case 16:
      return [protocolNumber(packet)]
    case 19:
      return [0] // PACKET_HOST
    default:
      return undefined
  }
}

const nameBytes = (name: string): number[] => {
  const bytes = [...new TextEncoder().encode(name)].slice(0, NAME_BYTES - 1)
  return [...bytes, ...Array.from({ length: NAME_BYTES - bytes.length }, () => 0)]
}

/** NF_CT_STATE_BIT: established 2, new 8. */
const ctState = ({ state }: Packet): number[] => hostOrder(state === 'new' ? 8 : 2)

const loadPayload = (
  registers: Known,
  { base, offset, length, into }: Extract<ExpressionFacts, { op: 'payload' }>,
  packet: Packet,
): void => {
  if (base === 1) registers.copy(networkHeader(packet), { at: offset, length, into })
  else if (base === 2) registers.copy(transportHeader(packet), { at: offset, length, into })
  else registers.forget(into, length)
  registers.fill(into, length)
}

const mask = (
  registers: Known,
  { from, into, mask: maskText, xor }: Extract<ExpressionFacts, { op: 'bitwise' }>,
): void => {
  const [masks, flips] = [bytesOf(maskText), bytesOf(xor)]
  masks.forEach((one, i) => {
    const known = one === 0 || registers.isKnown[from + i] === 1
    registers.bytes[into + i] = ((registers.bytes[from + i] ?? 0) & one) ^ (flips[i] ?? 0)
    registers.isKnown[into + i] = known ? 1 : 0
  })
}

const compare = (registers: Known, { from, how, value }: Extract<ExpressionFacts, { op: 'cmp' }>): Match => {
  const order = orderOf(registers, from, bytesOf(value))
  if (order === undefined) return 'maybe'
  if (order === 'differs') return how === '==' ? 'no' : how === '!=' ? 'yes' : 'maybe'
  switch (how) {
    case '==':
      return order === 0 ? 'yes' : 'no'
    case '!=':
      return order === 0 ? 'no' : 'yes'
    case '<':
      return order < 0 ? 'yes' : 'no'
    case '<=':
      return order <= 0 ? 'yes' : 'no'
    case '>':
      return order > 0 ? 'yes' : 'no'
    case '>=':
      return order >= 0 ? 'yes' : 'no'
  }
}

/** `differs`: somewhere it does, but not all of what is before that is known. */
const orderOf = (
  registers: Known,
  from: number,
  value: readonly number[],
): number | 'differs' | undefined => {
  let unknown = false
  for (const [i, wanted] of value.entries()) {
    if (registers.isKnown[from + i] !== 1) unknown = true
    else if (registers.bytes[from + i] !== wanted)
      return unknown ? 'differs' : (registers.bytes[from + i] ?? 0) - wanted
  }
  return unknown ? undefined : 0
}

const inRange = (
  registers: Known,
  { from, inside, low, high }: Extract<ExpressionFacts, { op: 'range' }>,
): Match => {
  const [fromLow, fromHigh] = [
    orderOf(registers, from, bytesOf(low)),
    orderOf(registers, from, bytesOf(high)),
  ]
  if (typeof fromLow !== 'number' || typeof fromHigh !== 'number') return 'maybe'
  return (fromLow >= 0 && fromHigh <= 0) === inside ? 'yes' : 'no'
}

const lookUp = (expression: Extract<ExpressionFacts, { op: 'lookup' }>, at: Running): StepOutcome => {
  const { table, family } = at.chain
  const set = at.ruleset.sets.find(
    (one) => one.name === expression.set && one.table === table && one.family === family,
  )
  if (set === undefined) return UNKNOWN
  const found = elementOf(set, at.registers, expression.from)
  if (found === 'maybe') return UNKNOWN
  if (expression.verdicts)
    return found === undefined ? { match: 'no' } : { match: 'yes', verdict: found.verdict }
  return { match: (found !== undefined) === expression.inverted ? 'no' : 'yes' }
}

type Element = SetFacts['elements'][number]

const elementOf = (set: SetFacts, registers: Known, from: number): Element | 'maybe' | undefined => {
  if (set.ranges) return elementOfRanges(set, registers, from)
  let doubtful = false
  for (const element of set.elements) {
    const order = orderOf(registers, from, bytesOf(element.key))
    if (order === 0) return element
    if (order === undefined) doubtful = true
  }
  return doubtful ? 'maybe' : undefined
}

/** The last border at or below the value says whether it is inside. */
const elementOfRanges = (set: SetFacts, registers: Known, from: number): Element | 'maybe' | undefined => {
  let last: Element | undefined
  for (const element of set.elements.toSorted((a, b) => (a.key < b.key ? -1 : 1))) {
    const order = orderOf(registers, from, bytesOf(element.key))
    if (typeof order !== 'number') return 'maybe'
    // Where one range ends and the next begins, the beginning counts.
    if (order < 0) break
    if (order >= 0 && !(element.ends === true && last?.key === element.key && last.ends !== true))
      last = element
  }
  return last === undefined || last.ends === true ? undefined : last
}

const bytesOf = (hex: string): number[] =>
  Array.from({ length: hex.length >> 1 }, (_, i) => Number.parseInt(hex.slice(i * 2, i * 2 + 2), 16))
