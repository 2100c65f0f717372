/**
 * Cuts bytes into HTTP requests the way some server would: slow, obvious, and as lenient as asked. What a proxy sends on
 * must be cut the same way by every one of them, or it can be used to smuggle requests.
 */

export interface ReaderHabits {
  /** With both, believes Content-Length instead of Transfer-Encoding. */
  readonly lengthFirst: boolean
  /** A line may end in LF alone. */
  readonly bareLf: boolean
  /** Names are trimmed, values are searched for `chunked`, lengths are whatever digits come first. */
  readonly sloppy: boolean
}

export interface CutRequest {
  readonly line: string
  readonly fields: readonly string[]
  readonly body: string
  readonly trailers: readonly string[]
}

export interface CutResult {
  readonly requests: readonly CutRequest[]
  /** What is left: the beginning of a request, or nothing. */
  readonly rest: string
}

export const ALL_HABITS: readonly ReaderHabits[] = [false, true].flatMap((lengthFirst) =>
  [false, true].flatMap((bareLf) => [false, true].map((sloppy) => ({ lengthFirst, bareLf, sloppy }))),
)

export function cutRequests(text: string, habits: ReaderHabits): CutResult {
  const requests: CutRequest[] = []
  let rest = text
  for (;;) {
    const found = cutOne(rest, habits)
    if (found === undefined) return { requests, rest }
    requests.push(found.request)
    rest = found.rest
  }
}

function cutOne(text: string, habits: ReaderHabits): { request: CutRequest; rest: string } | undefined {
  const section = cutLines(text, habits)
  if (section === undefined) return undefined
  const [line = '', ...fields] = section.lines
  const value = (name: string): string | undefined =>
    fields.map((field) => valueOf(field, name, habits)).find((v) => v !== undefined)
  const length = value('content-length')
  const encoding = value('transfer-encoding')
  const isChunked = habits.sloppy
    ? encoding?.toLowerCase().includes('chunked')
    : encoding?.toLowerCase() === 'chunked'
  if (isChunked === true && !(habits.lengthFirst && length !== undefined)) {
    const cut = cutChunks(section.rest, habits)
    if (cut === undefined) return undefined
    return { request: { line, fields, body: cut.body, trailers: cut.trailers }, rest: cut.rest }
  }
  const count = Number.parseInt(length ?? '0', 10)
  if (section.rest.length < count) return undefined
  const body = section.rest.slice(0, count)
  return { request: { line, fields, body, trailers: [] }, rest: section.rest.slice(count) }
}

function valueOf(field: string, name: string, { sloppy }: ReaderHabits): string | undefined {
  const colon = field.indexOf(':')
  const found = field.slice(0, colon).toLowerCase()
  return (sloppy ? found.trim() : found) === name ? field.slice(colon + 1).trim() : undefined
}

function cutLines(text: string, { bareLf }: ReaderHabits): { lines: string[]; rest: string } | undefined {
  const lines: string[] = []
  for (let at = 0; ; ) {
    const end = text.indexOf(bareLf ? '\n' : '\r\n', at)
    if (end < 0) return undefined
    const line = text.slice(at, end).replace(/\r$/, '')
    at = end + (bareLf ? 1 : 2)
    if (line === '') return { lines, rest: text.slice(at) }
    lines.push(line)
  }
}

function cutChunks(text: string, habits: ReaderHabits) {
  let body = ''
  for (let rest = text; ; ) {
    const end = rest.indexOf('\n')
    if (end < 0) return undefined
    const size = Number.parseInt(rest, 16)
    if (!(size >= 0)) return undefined
    rest = rest.slice(end + 1)
    if (size === 0) {
      const section = cutLines(rest, habits)
      return section && { body, trailers: section.lines, rest: section.rest }
    }
    if (rest.length < size + 2) return undefined
    body += rest.slice(0, size)
    rest = rest.slice(size + 2)
  }
}
