/**
 * What is behind the tunnel of deploy/proxy/kubernetes.yaml, as a program inside the far host's namespace: a name
 * server that knows one name, and a page. `node proxy-restricted-far-end.ts ADDRESS NAME PORT` prints "serving".
 *
 * Messages by RFC 1035 §4.1: header, the question as it came, and one AAAA record (RFC 3596) that points back to it.
 */
import { createSocket } from 'node:dgram'
import { createServer } from 'node:http'
import { isIPv6 } from 'node:net'

const [address = '::1', name = '', port = '80'] = process.argv.slice(2)
const AAAA = 28
const QUESTION_AT = 12

const names = createSocket('udp6')
names.on('message', (query, from) => names.send(answerTo(query), from.port, from.address))
names.bind(53, address, () => {
  const pages = createServer((request, response) =>
    response.end(`page behind the tunnel, for ${request.headers.host}\n`),
  )
  pages.listen(Number(port), address, () => console.log('serving'))
})

function answerTo(query: Buffer): Buffer {
  const labels: string[] = []
  let at = QUESTION_AT
  for (let length = query[at] ?? 0; length > 0; length = query[at] ?? 0) {
    labels.push(query.toString('latin1', at + 1, at + 1 + length))
    at += 1 + length
  }
  const type = query.readUInt16BE(at + 1)
  const question = query.subarray(QUESTION_AT, at + 5)
  const known = labels.join('.').toLowerCase() === name
  const records = known && type === AAAA ? [record()] : []
  const header = Buffer.alloc(QUESTION_AT)
  query.copy(header, 0, 0, 2)
  // QR, AA, RD, RA; NXDOMAIN for any other name.
  header.writeUInt16BE(0x8580 | (known ? 0 : 3), 2)
  header.writeUInt16BE(1, 4)
  header.writeUInt16BE(records.length, 6)
  return Buffer.concat([header, question, ...records])
}

function record(): Buffer {
  const bytes = Buffer.alloc(28)
  bytes.writeUInt16BE(0xc000 | QUESTION_AT, 0)
  bytes.writeUInt16BE(AAAA, 2)
  bytes.writeUInt16BE(1, 4)
  bytes.writeUInt32BE(60, 6)
  bytes.writeUInt16BE(16, 10)
  wordsOf(address).forEach((word, index) => bytes.writeUInt16BE(word, 12 + 2 * index))
  return bytes
}

function wordsOf(text: string): number[] {
  if (!isIPv6(text)) throw new Error(`not an IPv6 address: ${text}`)
  const [left = '', right = ''] = text.split('::')
  const [head, tail] = [left, right].map((part) =>
    part
      .split(':')
      .filter(Boolean)
      .map((word) => parseInt(word, 16)),
  )
  const zeros = Array<number>(8 - (head?.length ?? 0) - (tail?.length ?? 0)).fill(0)
  return [...(head ?? []), ...zeros, ...(tail ?? [])]
}
