/** Messages of the DNS built the slow, obvious way from what they say: what servers answer in tests. Labels are ASCII. */
import { addressBytes } from './ip-packets.ts'

export interface SlowRecord {
  readonly name: string
  readonly type: 'A' | 'AAAA' | 'CNAME' | 'SOA' | 'TXT' | 'OPT'
  readonly ttl?: number
  /** An address, a name, the MINIMUM of a SOA, text; for OPT the upper bits of the code. */
  readonly data: string
}

export interface SlowMessage {
  readonly id: number
  /** RFC 1035 §4.1.1, the second word: 0x8180 is an answer with recursion. */
  readonly flags: number
  readonly question?: { readonly name: string; readonly type: number; readonly class?: number } | undefined
  readonly answers?: readonly SlowRecord[]
  readonly authorities?: readonly SlowRecord[]
  readonly additional?: readonly SlowRecord[]
  /** Names that were written before are pointed at (§4.1.4). */
  readonly compress?: boolean
}

const TYPES = { A: 1, CNAME: 5, SOA: 6, TXT: 16, AAAA: 28, OPT: 41 } as const

export function dnsMessage(m: SlowMessage): Buffer {
  const writer = new Writer(m.compress ?? false)
  const sections = [m.answers ?? [], m.authorities ?? [], m.additional ?? []]
  writer.words(m.id, m.flags, m.question === undefined ? 0 : 1, ...sections.map(({ length }) => length))
  if (m.question !== undefined) {
    writer.name(m.question.name)
    writer.words(m.question.type, m.question.class ?? 1)
  }
  for (const record of sections.flat()) writer.record(record)
  return Buffer.from(writer.bytes)
}

export function wireName(name: string): Buffer {
  const writer = new Writer(false)
  writer.name(name)
  return Buffer.from(writer.bytes)
}

class Writer {
  readonly bytes: number[] = []
  readonly #compress: boolean
  readonly #written = new Map<string, number>()

  constructor(compress: boolean) {
    this.#compress = compress
  }

  words(...words: readonly number[]): void {
    for (const word of words) this.bytes.push((word >> 8) & 0xff, word & 0xff)
  }

  name(name: string): void {
    const labels = name === '' ? [] : name.split('.')
    for (const index of labels.keys()) {
      const rest = labels.slice(index).join('.')
      const known = this.#written.get(rest)
      if (this.#compress && known !== undefined) return this.words(0xc000 | known)
      if (this.bytes.length < 0x4000) this.#written.set(rest, this.bytes.length)
      const label = Buffer.from(labels[index] ?? '', 'latin1')
      this.bytes.push(label.length, ...label)
    }
    this.bytes.push(0)
  }

  record({ name, type, ttl = 300, data }: SlowRecord): void {
    this.name(name)
    const isOpt = type === 'OPT'
    this.words(TYPES[type], isOpt ? 1_232 : 1)
    this.words(isOpt ? Number(data) << 8 : ttl >>> 16, isOpt ? 0 : ttl & 0xffff)
    const lengthAt = this.bytes.length
    this.words(0)
    this.#data(type, data)
    const length = this.bytes.length - lengthAt - 2
    this.bytes[lengthAt] = length >> 8
    this.bytes[lengthAt + 1] = length & 0xff
  }

  #data(type: SlowRecord['type'], data: string): void {
    if (type === 'A' || type === 'AAAA') this.bytes.push(...addressBytes(data))
    if (type === 'CNAME') this.name(data)
    if (type === 'TXT') this.bytes.push(data.length, ...Buffer.from(data, 'latin1'))
    if (type !== 'SOA') return
    this.name('ns.example')
    this.name('root.example')
    for (const number of [1, 7200, 900, 1_209_600, Number(data)]) this.words(number >>> 16, number & 0xffff)
  }
}
