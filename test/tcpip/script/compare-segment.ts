/** Does a segment look as a script says? The differences, in words; none: it does. */
import { ACK, FIN, RST, SYN, URG, type Segment } from '../wire/segment.ts'
import type { OptionsPattern, SegmentPattern } from './segment-pattern.ts'

/** First sequence numbers of both sides. */
export interface Origins {
  /** Of the sender of the segment. */
  readonly sequence: number
  readonly acknowledgment: number
}

const FLAG_BITS: Readonly<Record<string, number>> = {
  F: FIN,
  S: SYN,
  R: RST,
  P: 0x08,
  '.': ACK,
  U: URG,
  E: 0x40,
  C: 0x80,
}
const COMPARED = FIN | SYN | RST | ACK | URG

export function flagBits(letters: string): number {
  return letters.split('').reduce((bits, letter) => bits | (FLAG_BITS[letter] ?? 0), 0)
}

export function differences(pattern: SegmentPattern, segment: Segment, from: Origins): readonly string[] {
  const found: string[] = []
  const compare = (what: string, want: number | '*' | undefined, have: number): void => {
    if (typeof want === 'number' && want !== have) found.push(`${what} ${have}, not ${want}`)
  }
  const compared = pattern.flags.includes('~') ? COMPARED & ~ACK : COMPARED
  compare('flags', flagBits(pattern.flags) & compared, segment.flags & compared)
  compare('sequence', pattern.sequence, (segment.sequence - from.sequence) | 0)
  compare('length', pattern.length, segment.payload.length)
  compare('ack', pattern.ack, (segment.acknowledgment - from.acknowledgment) | 0)
  compare('window', pattern.window, segment.window)
  compare('urgent', pattern.urgent, segment.urgent)
  if (pattern.options) found.push(...optionDifferences(pattern.options, segment, from))
  return found
}

function optionDifferences(want: OptionsPattern, { options }: Segment, from: Origins): readonly string[] {
  const found: string[] = []
  const compare = (
    what: string,
    wanted: number | '*' | true | undefined,
    have: number | true | undefined,
  ): void => {
    if (wanted === undefined ? have !== undefined && !want.open : have === undefined) {
      found.push(wanted === undefined ? `${what} ${have} not expected` : `no ${what}`)
    } else if (wanted !== undefined && wanted !== '*' && wanted !== have) {
      found.push(`${what} ${have}, not ${wanted}`)
    }
  }
  compare('mss', want.mss, options.mss)
  compare('wscale', want.windowScale, options.windowScale)
  compare('sackOK', want.sackPermitted, options.sackPermitted)
  compare('ts value', want.timestamps?.value, options.timestamps?.value)
  compare('ts echo', want.timestamps?.echo, options.timestamps?.echo)
  const have = (options.sack ?? []).map((edges) =>
    edges.map((edge) => (edge - from.acknowledgment) | 0).join(':'),
  )
  const blocks = (want.sack ?? []).map((edges) => edges.join(':'))
  const unexpected = want.sack === undefined && want.open
  if (!unexpected && have.join(' ') !== blocks.join(' '))
    found.push(`sack ${have.join(' ')}, not ${blocks.join(' ')}`)
  return found
}
