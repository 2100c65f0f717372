/**
 * One question, put to one server after the other until one of them answers it.
 *
 *   server 1 ──1 s── server 2 ──1 s── server 1 ──2 s── server 2 ──2 s── … ──4 s──▸ ETIMEDOUT
 *
 * A server that refuses is passed over at once. All ports stay open to the end, so that late answers count, too; what
 * is no answer to what was asked there is ignored (RFC 5452 §9.1). A truncated answer is asked for again over TCP
 * (RFC 7766 §5).
 */
import { canonicalAddress } from '../addresses/index.ts'
import { type Asked, isAnswerTo, judge, type Verdict } from './judge-answer.ts'
import { CLASS_IN, type DnsMessage, decodeMessage, encodeQuery, RCODE_REFUSED } from './message.ts'
import type { Closeable, DnsServer, ResolverPorts } from './resolver-ports.ts'
import type { KnownServer, Servers } from './servers.ts'

/** How long each round waits for each server. */
export const ROUND_TIMEOUTS_MS: readonly number[] = [1_000, 2_000, 4_000]
export const TCP_TIMEOUT_MS = 3_000

export type Answer =
  | Exclude<Verdict, { kind: 'refused' | 'no-edns' }>
  | { readonly kind: 'failure'; readonly code: 'ETIMEDOUT' | 'ESERVFAIL' | 'EREFUSED'; readonly said: string }

export interface LookupOptions {
  readonly name: string
  readonly type: number
  readonly servers: Servers
  readonly ports: ResolverPorts
  readonly randomizeCase: boolean
  readonly count: (what: string) => void
  /** Once. */
  readonly onEnd: (answer: Answer) => void
}

export class Lookup {
  readonly #o: LookupOptions
  readonly #order: readonly KnownServer[]
  /** Those that are not asked again, and what they said. */
  readonly #out = new Map<KnownServer, string>()
  readonly #open: Closeable[] = []
  #timer: Closeable | undefined
  /** The one whose time is running. */
  #current: KnownServer | undefined
  #tries = 0
  #ended = false
  /** From a truncated answer, for when TCP does not work either. */
  #partial: Answer | undefined
  #refusals = 0

  constructor(options: LookupOptions) {
    this.#o = options
    this.#order = options.servers.inOrder()
  }

  begin(): void {
    this.#tryNext()
  }

  close(): void {
    this.#ended = true
    this.#timer?.close()
    for (const exchange of this.#open) exchange.close()
    this.#open.length = 0
  }

  #tryNext(): void {
    this.#timer?.close()
    while (this.#tries < this.#order.length * ROUND_TIMEOUTS_MS.length) {
      const round = Math.floor(this.#tries / this.#order.length)
      const server = this.#order[this.#tries % this.#order.length]!
      this.#tries += 1
      if (this.#out.has(server)) continue
      this.#current = server
      this.#ask(server, round)
      this.#wait(ROUND_TIMEOUTS_MS[round]!)
      return
    }
    this.#end(this.#partial ?? this.#failure())
  }

  #wait(ms: number): void {
    this.#timer?.close()
    this.#timer = this.#o.ports.after(ms, () => this.#tryNext())
  }

  #ask(server: KnownServer, round: number): void {
    // Some middle of the path may drop what it does not understand: the last time without EDNS (RFC 6891 §6.2.2).
    const isLast = round === ROUND_TIMEOUTS_MS.length - 1
    const edns = server.edns === 'yes' || (server.edns === 'unknown' && !isLast)
    this.#exchange(server, { edns, overTcp: false })
  }

  #exchange(server: KnownServer, { edns, overTcp }: { edns: boolean; overTcp: boolean }): void {
    const { ports, randomizeCase, count } = this.#o
    const bytes = ports.random(2)
    const name = randomizeCase
      ? withRandomCase(this.#o.name, ports.random(this.#o.name.length))
      : this.#o.name
    const asked: Asked = { id: (bytes[0]! << 8) | bytes[1]!, name, type: this.#o.type, class: CLASS_IN, edns }
    const query = encodeQuery(asked)
    if (query === undefined)
      return this.#end({ kind: 'failure', code: 'ESERVFAIL', said: 'it can not be asked for' })
    count(overTcp ? 'queries-tcp' : 'queries-udp')
    // An answer may lead to another question. One that comes a thousand times leads to one.
    let isAnswered = false
    const onMessage = (message: Uint8Array, from: DnsServer): void => {
      if (this.#ended) return
      if (isAnswered) return count('answers-ignored')
      const decoded = isFrom(server, from) ? decodeMessage(message) : undefined
      if (decoded === undefined || !isAnswerTo(decoded, asked, randomizeCase)) return count('answers-ignored')
      isAnswered = true
      this.#answered(server, decoded, { asked, overTcp })
    }
    const onFailure = (reason: string): void => {
      if (this.#ended) return
      this.#pass(server, reason)
    }
    const exchange = { server, query, onMessage, onFailure }
    this.#open.push(overTcp ? ports.exchangeTcp(exchange) : ports.exchangeUdp(exchange))
  }

  #answered(
    server: KnownServer,
    message: DnsMessage,
    { asked, overTcp }: { asked: Asked; overTcp: boolean },
  ): void {
    if (message.hasEdns) server.edns = 'yes'
    const verdict = judge(message, asked)
    if (verdict.kind === 'no-edns') {
      server.edns = 'no'
      return this.#exchange(server, { edns: false, overTcp })
    }
    if (message.isTruncated && !overTcp) {
      if (verdict.kind === 'addresses') this.#partial ??= verdict
      this.#current = server
      this.#exchange(server, { edns: asked.edns, overTcp: true })
      return this.#wait(TCP_TIMEOUT_MS)
    }
    if (message.isTruncated && verdict.kind !== 'addresses') return this.#pass(server, 'cut over TCP, too')
    if (verdict.kind === 'refused') {
      if (verdict.rcode === RCODE_REFUSED) this.#refusals += 1
      return this.#pass(server, RCODE_NAMES[verdict.rcode] ?? `code ${verdict.rcode}`)
    }
    // It did not answer with EDNS, and it does without.
    if (!asked.edns && server.edns === 'unknown') server.edns = 'no'
    this.#o.servers.answered(server)
    this.#end(verdict)
  }

  /** This server is not asked again; the next one is now, unless it is already. */
  #pass(server: KnownServer, said: string): void {
    this.#o.count('servers-passed-over')
    this.#out.set(server, said)
    if (server === this.#current) this.#tryNext()
  }

  #end(answer: Answer): void {
    if (this.#ended) return
    this.close()
    this.#o.onEnd(answer)
  }

  #failure(): Answer {
    const said = this.#order
      .map((server) => `${server.address}: ${this.#out.get(server) ?? 'no answer'}`)
      .join(', ')
    if (this.#out.size < this.#order.length) return { kind: 'failure', code: 'ETIMEDOUT', said }
    return { kind: 'failure', code: this.#refusals === this.#order.length ? 'EREFUSED' : 'ESERVFAIL', said }
  }
}

const RCODE_NAMES: Readonly<Record<number, string>> = {
  1: 'FORMERR',
  2: 'SERVFAIL',
  4: 'NOTIMP',
  5: 'REFUSED',
}

const isFrom = (server: DnsServer, from: DnsServer): boolean =>
  from.port === server.port && canonicalAddress(from.address) === server.address

/** draft-vixie-dnsext-dns0x20: the answer must repeat what only we know. */
function withRandomCase(name: string, random: Uint8Array): string {
  return Array.from(name, (letter, index) =>
    (random[index]! & 1) === 1 && /[a-z]/.test(letter) ? letter.toUpperCase() : letter,
  ).join('')
}
