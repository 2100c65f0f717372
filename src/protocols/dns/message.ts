/**
 * Messages of the DNS (RFC 1035 §4): queries are written, whatever comes back is read. Types that we do not use are
 * passed over; nothing that a stranger sends throws or costs more than its size.
 */
import { formatAddress } from '../addresses/index.ts'
import { decodeName, encodeName } from './name.ts'

export const TYPE_A = 1
export const TYPE_CNAME = 5
export const TYPE_SOA = 6
export const TYPE_AAAA = 28
const TYPE_OPT = 41
export const CLASS_IN = 1

export const RCODE_NOERROR = 0
export const RCODE_FORMERR = 1
export const RCODE_SERVFAIL = 2
export const RCODE_NXDOMAIN = 3
export const RCODE_NOTIMP = 4
export const RCODE_REFUSED = 5
/** RFC 6891 §6.1.3. */
export const RCODE_BADVERS = 16

/** RFC 6891 §6.2.5: fits into one packet of any path (DNS flag day 2020). */
export const EDNS_PAYLOAD_BYTES = 1_232

const HEADER_BYTES = 12
const RESPONSE = 0x8000
const TRUNCATED = 0x0200
const RECURSION_DESIRED = 0x0100
/** RFC 1035 §3.2.1: what has the highest bit set is taken for 0 (RFC 2181 §8). */
const MAX_TTL = 0x7fff_ffff

export interface Question {
  readonly name: string
  readonly type: number
  readonly class: number
}

export type RecordData =
  | { readonly kind: 'address'; readonly address: string }
  | { readonly kind: 'alias'; readonly target: string }
  /** RFC 2308 §4: how long "there is none" holds. */
  | { readonly kind: 'authority'; readonly minimumSeconds: number }
  | { readonly kind: 'other' }

export interface ResourceRecord {
  readonly name: string
  readonly type: number
  readonly class: number
  readonly ttlSeconds: number
  readonly data: RecordData
}

export interface DnsMessage {
  readonly id: number
  readonly isResponse: boolean
  readonly opcode: number
  readonly isTruncated: boolean
  /** With the upper bits of EDNS. */
  readonly rcode: number
  readonly hasEdns: boolean
  readonly questions: readonly Question[]
  readonly answers: readonly ResourceRecord[]
  readonly authorities: readonly ResourceRecord[]
}

export interface Query extends Question {
  readonly id: number
  /** With an OPT record (RFC 6891), so that answers may be larger than 512 bytes. */
  readonly edns: boolean
}

/** Undefined: the name is none. */
export function encodeQuery({ id, name, type, class: klass, edns }: Query): Uint8Array | undefined {
  const wireName = encodeName(name)
  if (wireName === undefined) return undefined
  const questionEnd = HEADER_BYTES + wireName.length + 4
  const query = new Uint8Array(questionEnd + (edns ? 11 : 0))
  const view = new DataView(query.buffer)
  view.setUint16(0, id)
  view.setUint16(2, RECURSION_DESIRED)
  view.setUint16(4, 1)
  view.setUint16(10, edns ? 1 : 0)
  query.set(wireName, HEADER_BYTES)
  view.setUint16(questionEnd - 4, type)
  view.setUint16(questionEnd - 2, klass)
  if (edns) {
    // The name of the root, the type, our payload size for a class; no flags, no options.
    view.setUint16(questionEnd + 1, TYPE_OPT)
    view.setUint16(questionEnd + 3, EDNS_PAYLOAD_BYTES)
  }
  return query
}

/** Undefined: it is none. A truncated one is read as far as it goes (RFC 2181 §9). */
export function decodeMessage(message: Uint8Array): DnsMessage | undefined {
  if (message.length < HEADER_BYTES) return undefined
  const view = new DataView(message.buffer, message.byteOffset, message.length)
  const flags = view.getUint16(2)
  const isTruncated = (flags & TRUNCATED) !== 0
  const reader = new Reader(message, view)
  const questions = reader.questions(view.getUint16(4))
  const answers = questions && reader.records(view.getUint16(6), isTruncated)
  const authorities = answers && reader.records(view.getUint16(8), isTruncated)
  if (questions === undefined || answers === undefined || authorities === undefined) return undefined
  const additional = reader.records(view.getUint16(10), isTruncated)
  if (additional === undefined) return undefined
  const edns = additional.find(({ type }) => type === TYPE_OPT)
  // What stands for a TTL there holds the upper 8 bits first.
  const upperBits = edns === undefined ? 0 : edns.ttlSeconds >>> 24
  return {
    id: view.getUint16(0),
    isResponse: (flags & RESPONSE) !== 0,
    opcode: (flags >> 11) & 0x0f,
    isTruncated,
    rcode: (upperBits << 4) | (flags & 0x0f),
    hasEdns: edns !== undefined,
    questions,
    answers,
    authorities,
  }
}

class Reader {
  readonly #message: Uint8Array
  readonly #view: DataView
  #at = HEADER_BYTES

  constructor(message: Uint8Array, view: DataView) {
    this.#message = message
    this.#view = view
  }

  questions(count: number): Question[] | undefined {
    const questions: Question[] = []
    for (let index = 0; index < count; index++) {
      const name = decodeName(this.#message, this.#at)
      if (name === undefined || name.end + 4 > this.#message.length) return undefined
      const [type, klass] = [this.#view.getUint16(name.end), this.#view.getUint16(name.end + 2)]
      questions.push({ name: name.name, type, class: klass })
      this.#at = name.end + 4
    }
    return questions
  }

  records(count: number, mayBeCut: boolean): ResourceRecord[] | undefined {
    const records: ResourceRecord[] = []
    for (let index = 0; index < count; index++) {
      const record = this.#record()
      if (record === undefined) {
        if (!mayBeCut) return undefined
        this.#at = this.#message.length
        return records
      }
      records.push(record)
    }
    return records
  }

  #record(): ResourceRecord | undefined {
    const [message, view] = [this.#message, this.#view]
    const name = decodeName(message, this.#at)
    if (name === undefined || name.end + 10 > message.length) return undefined
    const at = name.end
    const type = view.getUint16(at)
    const ttl = view.getUint32(at + 4)
    const dataAt = at + 10
    const end = dataAt + view.getUint16(at + 8)
    if (end > message.length) return undefined
    const data = this.#data(type, dataAt, end)
    if (data === undefined) return undefined
    this.#at = end
    const ttlSeconds = type === TYPE_OPT ? ttl : ttl > MAX_TTL ? 0 : ttl
    return { name: name.name, type, class: view.getUint16(at + 2), ttlSeconds, data }
  }

  #data(type: number, at: number, end: number): RecordData | undefined {
    const message = this.#message
    switch (type) {
      case TYPE_A:
      case TYPE_AAAA:
        if (end - at !== (type === TYPE_A ? 4 : 16)) return undefined
        return { kind: 'address', address: formatAddress(message.subarray(at, end)) }
      case TYPE_CNAME: {
        const target = decodeName(message, at)
        return target?.end === end ? { kind: 'alias', target: target.name } : undefined
      }
      case TYPE_SOA: {
        // Two names and five numbers, of which the last matters.
        const primary = decodeName(message, at)
        const mailbox = primary && decodeName(message, primary.end)
        if (mailbox === undefined || mailbox.end + 20 !== end) return undefined
        return { kind: 'authority', minimumSeconds: this.#view.getUint32(end - 4) }
      }
      default:
        return { kind: 'other' }
    }
  }
}
