/**
 * Answers to DNS queries from a table of names, by RFC 1035 §4.1: header, the question as it came, and address records
 * (A; AAAA by RFC 3596) that point back to it. Written for tests, apart from the code that it judges.
 */
import { isIPv6 } from 'node:net'

const QUESTION_AT = 12
const TYPES = { A: 1, AAAA: 28 } as const
const NAME_ERROR = 3

export function answerTo(query: Buffer, zone: Readonly<Record<string, readonly string[]>>): Buffer {
  const labels: string[] = []
  let at = QUESTION_AT
  for (let length = query[at] ?? 0; length > 0; length = query[at] ?? 0) {
    labels.push(query.toString('latin1', at + 1, at + 1 + length))
    at += 1 + length
  }
  const type = query.readUInt16BE(at + 1)
  const known = zone[labels.join('.').toLowerCase()]
  const records = (known ?? [])
    .filter((address) => type === (isIPv6(address) ? TYPES.AAAA : TYPES.A))
    .map(addressRecord)
  const header = Buffer.alloc(QUESTION_AT)
  query.copy(header, 0, 0, 2)
  // QR, AA, RD, RA.
  header.writeUInt16BE(0x8580 | (known === undefined ? NAME_ERROR : 0), 2)
  header.writeUInt16BE(1, 4)
  header.writeUInt16BE(records.length, 6)
  return Buffer.concat([header, query.subarray(QUESTION_AT, at + 5), ...records])
}

function addressRecord(address: string): Buffer {
  const data = isIPv6(address) ? wordsOf(address) : Buffer.from(address.split('.').map(Number))
  const head = Buffer.alloc(12)
  head.writeUInt16BE(0xc000 | QUESTION_AT, 0)
  head.writeUInt16BE(isIPv6(address) ? TYPES.AAAA : TYPES.A, 2)
  head.writeUInt16BE(1, 4)
  head.writeUInt32BE(60, 6)
  head.writeUInt16BE(data.length, 10)
  return Buffer.concat([head, data])
}

function wordsOf(address: string): Buffer {
  const [left = '', right = ''] = address.split('::')
  const [head, tail] = [left, right].map((part) => part.split(':').filter(Boolean))
  const zeros = Array<string>(8 - (head?.length ?? 0) - (tail?.length ?? 0)).fill('0')
  const words = [...(head ?? []), ...zeros, ...(tail ?? [])]
  return Buffer.concat(words.map((word) => Buffer.from(word.padStart(4, '0'), 'hex')))
}
