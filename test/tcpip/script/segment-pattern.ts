/**
 * One segment as a line of a packet script:
 *
 *   FLAGS FROM:TO(LENGTH) ack N win N urg N <mss 1460, sackOK, ts 100 7, wscale 7, sack 11:21, ...>
 *
 * Numbers count from the first sequence number of their side; `*` is any. In what is expected, everything that is not
 * written may be anything, and `R~` is RST with or without ACK; options, once written, are exactly those, unless `...` ends them. PSH is not compared.
 */
export type Wanted = number | '*' | undefined

export interface SegmentPattern {
  /** Letters of FSRPUEC and the dot of ACK. */
  readonly flags: string
  readonly sequence: number | '*'
  readonly length: number | '*'
  readonly ack: Wanted
  readonly window: Wanted
  readonly urgent: number | undefined
  readonly options: OptionsPattern | undefined
}

export interface OptionsPattern {
  readonly mss?: number | '*'
  readonly windowScale?: number | '*'
  readonly sackPermitted?: true
  readonly timestamps?: { readonly value: number | '*'; readonly echo: number | '*' }
  readonly sack?: readonly (readonly [number, number])[]
  /** There may be others. */
  readonly open: boolean
}

const LINE =
  /^([FSRPUEC.]+~?|-)\s+(\*|-?\d+)(?::(-?\d+)\((\d+)\)|:\*\((\d+|\*)\))?((?:\s+(?:ack|win|urg)\s+(?:\*|-?\d+))*)\s*(?:<(.*)>)?$/

export function parseSegment(text: string): SegmentPattern {
  const match = LINE.exec(text.trim())
  if (match === null) throw new Error(`no segment: ${text}`)
  const [, flags = '', from = '', to, length, anyLength, fields = '', options] = match
  const sequence = numberOf(from)
  const bytes = numberOf(length ?? anyLength ?? '0')
  if (to !== undefined && Number(to) - Number(from) !== bytes)
    throw new Error(`${from}:${to} is not ${bytes}`)
  const field = (name: string): Wanted => {
    const found = new RegExp(`${name}\\s+(\\*|-?\\d+)`).exec(fields)?.[1]
    return found === undefined ? undefined : numberOf(found)
  }
  const urgent = field('urg')
  return {
    ...{
      flags: flags === '-' ? '' : flags,
      sequence,
      length: bytes,
      ack: field('ack'),
      window: field('win'),
    },
    urgent: typeof urgent === 'number' ? urgent : undefined,
    options: options === undefined ? undefined : parseOptions(options),
  }
}

function numberOf(text: string): number | '*' {
  return text === '*' ? '*' : Number(text)
}

export function parseOptions(text: string): OptionsPattern {
  let pattern: OptionsPattern = { open: false }
  for (const option of text
    .split(',')
    .map((part) => part.trim())
    .filter(Boolean)) {
    pattern = { ...pattern, ...parseOption(option, pattern) }
  }
  return pattern
}

function parseOption(text: string, before: OptionsPattern): Partial<OptionsPattern> {
  const [name = '', first = '*', second = '*'] = text.split(/\s+/)
  switch (name) {
    case 'mss':
      return { mss: numberOf(first) }
    case 'wscale':
      return { windowScale: numberOf(first) }
    case 'sackOK':
      return { sackPermitted: true }
    case 'ts':
      return { timestamps: { value: numberOf(first), echo: numberOf(second) } }
    case 'sack': {
      const [left = 0, right = 0] = first.split(':').map(Number)
      return { sack: [...(before.sack ?? []), [left, right]] }
    }
    case 'none':
      return {}
    case '...':
      return { open: true }
    default:
      throw new Error(`no option: ${text}`)
  }
}
