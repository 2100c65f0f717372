/** The DNS as a stub resolver sees it: messages, names, cache, servers; and which address to try first. Pure. */
export * from './address-order.ts'
export * from './happy-eyeballs.ts'
export type { Resolved, ResolveFailure, ResolveFailureCode } from './outcome.ts'
export type { Closeable, DnsExchange, DnsServer, ResolverPorts } from './resolver-ports.ts'
export { StubResolver, type StubResolverOptions } from './stub-resolver.ts'
export { frameForTcp, TcpMessageReader } from './tcp-framing.ts'
export { decodeMessage, type DnsMessage, encodeQuery } from './message.ts'
