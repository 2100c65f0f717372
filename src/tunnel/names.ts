/**
 * Names inside the tunnel (acceptance GL-06): asked at the tunnel's own DNS servers, through the tunnel, and never at
 * this machine's resolver, which must not learn them and would not know them.
 */
import {
  type DnsExchange,
  frameForTcp,
  orderAddresses,
  type ResolveFailureCode,
  type ResolverPorts,
  StubResolver,
  TcpMessageReader,
} from '../protocols/dns/index.ts'
import type { TcpIpStack, TcpStream } from '../protocols/tcpip/index.ts'
import { type FailureCode, StreamError } from '../streams/index.ts'
import type { Closeable } from '../linux/index.ts'
import type { TunnelEngine } from './engine.ts'
import { randomBytesOf } from './random-bytes.ts'
import type { TunnelSettings } from './settings.ts'

export interface NamesInside {
  readonly counters: Readonly<Record<string, number>>
  /** Best first. Rejects with a StreamError, or the signal's reason. */
  resolve(name: string, signal: AbortSignal | undefined): Promise<readonly string[]>
  close(): void
}

export interface NamesOptions {
  readonly settings: Pick<TunnelSettings, 'name' | 'addresses' | 'dns' | 'searchDomains'>
  readonly stack: TcpIpStack
  readonly engine: TunnelEngine
  /** Some peer carries packets to that address. */
  readonly hasRoute: (address: string) => boolean
}

/** For a caller there is no more to these than that the name leads nowhere; the message says which it was. */
const CODES: Readonly<Record<ResolveFailureCode, FailureCode>> = {
  ENOTFOUND: 'ENOTFOUND',
  ETIMEDOUT: 'ETIMEDOUT',
  ESERVFAIL: 'ENOTFOUND',
  EREFUSED: 'ENOTFOUND',
  EBADNAME: 'ENOTFOUND',
  ENOBUFS: 'ENOBUFS',
  ECANCELLED: 'ECONNABORTED',
}

export function namesInside(o: NamesOptions): NamesInside {
  const { name: tunnel, dns, searchDomains, addresses } = o.settings
  if (dns.length === 0)
    return refusing('ENOTFOUND', (name) => {
      const cure = `add "DNS = ADDRESS" to the [Interface] of ${tunnel}, or use an address`
      return `${name} is a name, and this tunnel has no DNS servers: ${cure}`
    })
  const servers = dns.filter(o.hasRoute)
  if (servers.length === 0)
    return refusing('ENETUNREACH', (name) => {
      const all = dns.join(' and ')
      return `${name} cannot be asked for: the DNS of ${tunnel}, ${all}, is in no peer's AllowedIPs`
    })
  const families = ([6, 4] as const).filter((family) =>
    addresses.some((address) => address.includes(':') === (family === 6)),
  )
  const resolver = new StubResolver({ ports: portsInside(o), servers, searchDomains, families })
  return {
    get counters() {
      return resolver.counters
    },
    resolve: async (name, signal) => {
      const found = await resolver.resolve(name, signal === undefined ? {} : { signal })
      if (found.kind === 'addresses') return orderAddresses(found.addresses, { ownAddresses: addresses })
      throw new StreamError({ code: CODES[found.code], message: `${found.message} (inside ${tunnel})` })
    },
    close: () => resolver.close(),
  }
}

const refusing = (code: FailureCode, because: (name: string) => string): NamesInside => ({
  counters: {},
  resolve: (name) => Promise.reject(new StreamError({ code, message: because(name) })),
  close: () => {},
})

const portsInside = ({ stack, engine }: NamesOptions): ResolverPorts => ({
  nowMs: () => engine.nowMs(),
  after: (ms, run) => engine.after(ms, run),
  random: randomBytesOf,
  exchangeUdp: (exchange) => askByUdp(stack, exchange),
  exchangeTcp: (exchange) => new TcpExchange(stack, exchange),
})

/** A socket for each question: its port is one more thing that a liar would have to guess. */
function askByUdp(stack: TcpIpStack, { server, query, onMessage, onFailure }: DnsExchange): Closeable {
  const socket = stack.openUdp({
    onDatagram: onMessage,
    onError: (code, to) => {
      if (to.address === server.address && to.port === server.port) onFailure(code)
    },
  })
  // What could not be sent now is asked again in its time.
  socket.send(query, server)
  return socket
}

class TcpExchange implements Closeable {
  readonly #exchange: DnsExchange
  readonly #stream: TcpStream
  readonly #reader = new TcpMessageReader()
  readonly #framed: Uint8Array
  #written = 0

  constructor(stack: TcpIpStack, exchange: DnsExchange) {
    this.#exchange = exchange
    this.#framed = frameForTcp(exchange.query)
    this.#stream = stack.connect(exchange.server)
    this.#stream.onProgress = () => this.#look()
  }

  close(): void {
    this.#stream.onProgress = undefined
    this.#stream.destroy()
  }

  #look(): void {
    const stream = this.#stream
    const { onMessage, onFailure, server } = this.#exchange
    if (this.#written < this.#framed.length)
      this.#written += stream.write(this.#framed.subarray(this.#written))
    for (let bytes = stream.peek(); bytes.length > 0; bytes = stream.peek()) {
      stream.consume(this.#reader.push(bytes))
      const message = this.#reader.take()
      // Whoever is told may close this.
      if (message !== undefined) onMessage(message, server)
    }
    if (stream.state === 'closed' || stream.inputEnded) onFailure(stream.failure?.message ?? 'it closed')
  }
}
