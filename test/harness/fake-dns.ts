/**
 * Servers of the DNS that do not always tell the truth, and a clock that moves when nothing else does: what a
 * StubResolver of protocols/dns is shown.
 */
import { decodeMessage, type DnsMessage } from '../../src/protocols/dns/message.ts'
import type {
  Closeable,
  DnsExchange,
  DnsServer,
  ResolverPorts,
} from '../../src/protocols/dns/resolver-ports.ts'
import { dnsMessage, type SlowMessage, type SlowRecord } from '../models/dns-messages.ts'
import { countedRandom } from './stack-under-test.ts'

/** What a server says to a query; undefined: nothing. */
export type Says = (query: FakeQuery) => readonly FakeReply[] | undefined

export interface FakeQuery {
  readonly message: DnsMessage
  readonly name: string
  readonly type: 'A' | 'AAAA'
  readonly overTcp: boolean
  readonly hasEdns: boolean
  /** Answers with these records, and an OPT record when the query had one. */
  answer(records: readonly SlowRecord[], change?: Partial<SlowMessage>): Buffer
  fail(rcode: number): Buffer
}

export type FakeReply =
  | Buffer
  | { readonly bytes: Buffer; readonly from?: DnsServer; readonly afterMs?: number }
  | { readonly failure: string }

export class FakeDns implements ResolverPorts {
  readonly queries: {
    readonly server: string
    readonly name: string
    readonly type: string
    readonly how: string
  }[] = []
  readonly random: (length: number) => Uint8Array
  readonly #servers: Readonly<Record<string, Says>>
  #now = 0
  #timers: { at: number; run: () => void }[] = []
  openExchanges = 0

  constructor(servers: Readonly<Record<string, Says>>) {
    this.#servers = servers
    this.random = countedRandom()
  }

  nowMs(): number {
    return this.#now
  }

  after(ms: number, run: () => void): Closeable {
    const timer = { at: this.#now + ms, run }
    this.#timers.push(timer)
    return { close: () => (this.#timers = this.#timers.filter((other) => other !== timer)) }
  }

  exchangeUdp(exchange: DnsExchange): Closeable {
    return this.#exchange(exchange, false)
  }

  exchangeTcp(exchange: DnsExchange): Closeable {
    return this.#exchange(exchange, true)
  }

  /** Lets time pass as long as somebody waits for it. */
  async settle<T>(promise: Promise<T>): Promise<T> {
    let isSettled = false
    const mark = (): void => void (isSettled = true)
    promise.then(mark, mark)
    for (;;) {
      await new Promise((resolve) => setImmediate(resolve))
      if (isSettled) return promise
      this.#runNext()
    }
  }

  async pass(ms: number): Promise<void> {
    const until = this.#now + ms
    for (;;) {
      await new Promise((resolve) => setImmediate(resolve))
      if (this.#timers.every(({ at }) => at > until)) break
      this.#runNext()
    }
    this.#now = until
  }

  #runNext(): void {
    const next = this.#timers.toSorted((a, b) => a.at - b.at)[0]
    if (next === undefined) throw new Error('somebody waits for ever')
    this.#timers = this.#timers.filter((other) => other !== next)
    this.#now = Math.max(this.#now, next.at)
    next.run()
  }

  #exchange({ server, query, onMessage, onFailure }: DnsExchange, overTcp: boolean): Closeable {
    const message = decodeMessage(query)
    const question = message?.questions[0]
    if (message === undefined || question === undefined) throw new Error('a query that nobody can read')
    const type = question.type === 1 ? 'A' : 'AAAA'
    this.queries.push({ server: server.address, name: question.name, type, how: howOf(message, overTcp) })
    this.openExchanges += 1
    let isOpen = true
    const replies = this.#servers[server.address]?.({
      ...{ message, name: question.name.toLowerCase(), type, overTcp, hasEdns: message.hasEdns },
      answer: (records, change = {}) =>
        dnsMessage({
          ...{ id: message.id, flags: 0x8180, question, answers: records },
          ...{ additional: message.hasEdns ? [{ name: '', type: 'OPT', data: '0' }] : [], compress: true },
          ...change,
        }),
      fail: (rcode) => dnsMessage({ id: message.id, flags: 0x8180 | rcode, question }),
    })
    for (const reply of replies ?? []) {
      const isWhole = Buffer.isBuffer(reply)
      this.after(isWhole || 'failure' in reply ? 1 : (reply.afterMs ?? 1), () => {
        if (!isOpen) return
        if (isWhole) onMessage(reply, server)
        else if ('failure' in reply) onFailure(reply.failure)
        else onMessage(reply.bytes, reply.from ?? server)
      })
    }
    return {
      close: () => {
        if (isOpen) this.openExchanges -= 1
        isOpen = false
      },
    }
  }
}

const howOf = (message: DnsMessage, overTcp: boolean): string =>
  [overTcp ? 'tcp' : 'udp', ...(message.hasEdns ? ['edns'] : [])].join(' ')

/** A truthful server. `zone`: names to addresses, `NAME=` to another name; what is not there does not exist. */
export function zoneServer(zone: Readonly<Record<string, readonly string[]>>, ttl = 300): Says {
  return (query) => [answerFrom(zone, query, ttl)]
}

export function answerFrom(
  zone: Readonly<Record<string, readonly string[]>>,
  query: FakeQuery,
  ttl = 300,
): Buffer {
  const answers: SlowRecord[] = []
  let name = query.name
  for (let alias = zone[`${name}=`]?.[0]; alias !== undefined; alias = zone[`${name}=`]?.[0]) {
    answers.push({ name, type: 'CNAME', ttl, data: alias })
    name = alias
  }
  const found = (zone[name] ?? []).filter((address) => address.includes(':') === (query.type === 'AAAA'))
  answers.push(...found.map((data): SlowRecord => ({ name, type: query.type, ttl, data })))
  const authorities: SlowRecord[] =
    found.length > 0 ? [] : [{ name: 'example', type: 'SOA', ttl: 60, data: '30' }]
  return query.answer(answers, { flags: 0x8180 | (zone[name] === undefined ? 3 : 0), authorities })
}
