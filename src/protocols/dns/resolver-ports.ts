/** What a resolver needs of the world: ways to its servers, time and randomness. test/harness/fake-dns.ts has all three. */

export interface DnsServer {
  /** Without brackets or zone. */
  readonly address: string
  readonly port: number
}

export interface Closeable {
  close(): void
}

/** One query to one server, over until it is closed. Its callbacks come later, never from inside the call. */
export interface DnsExchange {
  readonly server: DnsServer
  readonly query: Uint8Array
  /** Whatever comes, whoever sent it: the resolver looks who it was. It may come several times. */
  readonly onMessage: (message: Uint8Array, from: DnsServer) => void
  /** No answer will come: refused, unreachable, reset. */
  readonly onFailure: (reason: string) => void
}

export interface ResolverPorts {
  /** From a fresh random port of its own (RFC 5452 §9.2). */
  exchangeUdp(exchange: DnsExchange): Closeable
  /** Framed as in tcp-framing.ts; `query` and messages are without their length. */
  exchangeTcp(exchange: DnsExchange): Closeable
  /** Monotonic. */
  nowMs(): number
  after(ms: number, run: () => void): Closeable
  /** Unpredictable bytes. */
  random(length: number): Uint8Array
}
