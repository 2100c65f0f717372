/** The head of a response as the client gets it: as forward-request.ts, with the framing that suits the client. */
import { FIELD } from './field-names.ts'
import { FRAMING, type Framing } from './framing.ts'
import { copyOctets, octetsOf, writeOctets, writeText } from './octets.ts'
import type { ResponseHead } from './response-head.ts'

export interface ResponseRules {
  /** How the client will know where the body ends: none, length and chunked as in `Transfer-Encoding`; untilClose. */
  readonly framing: Framing
  /** What Connection is to say; '': nothing, which is keep-alive in HTTP/1.1. */
  readonly connection: '' | 'close' | 'keep-alive' | 'upgrade'
  readonly via: string | undefined
}

const VERSION = octetsOf('HTTP/1.1 ')
const LINE_END = octetsOf('\r\n')
const CHUNKED_LINE = octetsOf('Transfer-Encoding: chunked\r\n')
const CLOSE_LINE = octetsOf('Connection: close\r\n')
const KEEP_ALIVE_LINE = octetsOf('Connection: keep-alive\r\n')
const UPGRADE_LINE = octetsOf('Connection: Upgrade\r\n')

const DROPPED = new Uint8Array(32)
for (const kind of [FIELD.connection, FIELD.keepAlive, FIELD.proxyConnection, FIELD.te]) DROPPED[kind] = 1
for (const kind of [FIELD.transferEncoding, FIELD.proxyAuthenticate, FIELD.proxyAuthorization])
  DROPPED[kind] = 1

/** Writes the head at out[at…]; where it ended. */
// oxlint-disable-next-line eslint/max-params -- per response
export function writeResponseHead(
  out: Uint8Array,
  at: number,
  head: ResponseHead,
  rules: ResponseRules,
): number {
  at = writeOctets(out, at, VERSION)
  at = copyOctets(out, at, head.bytes, head.statusStart, head.lineEnd)
  if (head.lineEnd - head.statusStart === 3) out[at++] = 0x20
  at = writeOctets(out, at, LINE_END)
  at = copyLines(out, at, head, rules)
  if (rules.framing === FRAMING.chunked) at = writeOctets(out, at, CHUNKED_LINE)
  if (rules.connection === 'close') at = writeOctets(out, at, CLOSE_LINE)
  else if (rules.connection === 'keep-alive') at = writeOctets(out, at, KEEP_ALIVE_LINE)
  else if (rules.connection === 'upgrade') at = writeOctets(out, at, UPGRADE_LINE)
  if (rules.via !== undefined) at = writeText(out, at, `Via: 1.${head.isHttp10 ? 0 : 1} ${rules.via}\r\n`)
  return writeOctets(out, at, LINE_END)
}

// oxlint-disable-next-line eslint/max-params -- per response
function copyLines(out: Uint8Array, at: number, head: ResponseHead, rules: ResponseRules): number {
  const { bytes, fields, connection, status } = head
  const { kinds, count } = fields
  const listsFields = connection.listsFields
  let run = -1
  for (let index = 0; index < count; index++) {
    const kind = kinds[index]!
    let copied = DROPPED[kind] === 0
    if (kind === FIELD.upgrade) copied = rules.connection === 'upgrade'
    // RFC 9110 §8.6: neither 1xx nor 204 has one, whatever the server says.
    else if (kind === FIELD.contentLength)
      copied = index === head.framing.lengthIndex && status >= 200 && status !== 204
    else if (kind === FIELD.other && listsFields)
      copied = !connection.lists(bytes, fields.nameStart(index), fields.nameEnd(index))
    if (copied && run < 0) run = fields.nameStart(index)
    else if (!copied && run >= 0) {
      at = copyOctets(out, at, bytes, run, fields.nameStart(index))
      run = -1
    }
  }
  return run < 0 ? at : copyOctets(out, at, bytes, run, fields.emptyLine)
}
