/**
 * Packet scripts, in the spirit of packetdrill: what is said to a stack, by segments and by calls, and what it must
 * say when. README.md in this folder's parent has the language.
 *
 *   scenario  a name that is a claim          blank lines and what follows # do not count
 *     +40ms   < S. 0:0(0) ack 1 <mss 1460>    time, in which the stack says nothing; then a segment arrives
 *     +1s..3s > . 1:1(0) ack 1                within that time the stack sends exactly this
 */
import { parseSegment, type SegmentPattern } from './segment-pattern.ts'

export interface Scenario {
  readonly name: string
  readonly line: number
  readonly steps: readonly Step[]
}

export interface Step {
  readonly line: number
  readonly text: string
  /** Milliseconds from the step before; for what is expected, the earliest and the latest. */
  readonly afterMs: readonly [number, number]
  readonly action: Action
}

export type Action =
  | {
      readonly kind: 'inject'
      readonly segment: SegmentPattern
      readonly manner: readonly Manner[]
      readonly endsTurn: boolean
    }
  | { readonly kind: 'expect-segment'; readonly segment: SegmentPattern; readonly optional: boolean }
  | { readonly kind: 'expect-icmp'; readonly words: readonly string[] }
  | { readonly kind: 'icmp'; readonly words: readonly string[] }
  | { readonly kind: 'call'; readonly words: readonly string[] }

export type Manner = 'badsum' | 'fragments'

const MANNERS: readonly string[] = ['badsum', 'fragments']

export function parseScript(text: string): readonly Scenario[] {
  const scenarios: { name: string; line: number; steps: Step[] }[] = []
  for (const [index, raw] of text.split('\n').entries()) {
    const content = raw.replace(/(^|\s)#.*$/, '').trim()
    if (content === '') continue
    const line = index + 1
    const name = /^scenario\s+(.*)$/.exec(content)?.[1]
    if (name !== undefined) scenarios.push({ name, line, steps: [] })
    else scenarios.at(-1)?.steps.push(parseStep(content, line))
  }
  return scenarios
}

function parseStep(text: string, line: number): Step {
  const [, time, rest = ''] = /^(?:\+(\S+)\s+)?(.*)$/.exec(text) ?? []
  try {
    return { line, text, afterMs: parseSpan(time), action: parseAction(rest) }
  } catch (error) {
    throw new Error(`line ${line}: ${text}: ${error instanceof Error ? error.message : String(error)}`, {
      cause: error,
    })
  }
}

function parseAction(text: string): Action {
  const [, sign, rest = ''] = /^(<<|<|>\?|>)?\s*(.*)$/.exec(text) ?? []
  const words = rest.split(/\s+/)
  if (sign === undefined) return { kind: 'call', words }
  const icmp = words[0] === 'icmp'
  if (sign === '>' || sign === '>?') {
    if (icmp) return { kind: 'expect-icmp', words: words.slice(1) }
    return { kind: 'expect-segment', segment: parseSegment(rest), optional: sign === '>?' }
  }
  if (icmp) return { kind: 'icmp', words: words.slice(1) }
  const manner = words.filter((word): word is Manner => MANNERS.includes(word))
  const segment = parseSegment(words.filter((word) => !MANNERS.includes(word)).join(' '))
  return { kind: 'inject', segment, manner, endsTurn: sign === '<' }
}

/** `40ms`, `1s..3s`, `2min..` (no later bound than an hour). */
function parseSpan(text: string | undefined): readonly [number, number] {
  if (text === undefined) return [0, 0]
  const [from = '', to] = text.split('..')
  const low = parseDuration(from)
  return [low, to === undefined ? low : to === '' ? 3_600_000 : parseDuration(to)]
}

const UNITS: Readonly<Record<string, number>> = { ms: 1, s: 1000, min: 60_000, h: 3_600_000 }

export function parseDuration(text: string): number {
  const [, number, unit = ''] = /^([\d.]+)(ms|s|min|h)$/.exec(text) ?? []
  const factor = UNITS[unit]
  if (number === undefined || factor === undefined) throw new Error(`no duration: ${text}`)
  return Number(number) * factor
}
