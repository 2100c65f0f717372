/** WireGuard (Donenfeld, NDSS 2017; wireguard.com/papers/wireguard.pdf) as pure state machines. */
export * from './aead.ts'
export type * from './configuration.ts'
export * from './device.ts'
export * from './drop-reason.ts'
export type * from './endpoint.ts'
export { nodeAead } from './node-aead.ts'
export type { Peer } from './peer.ts'
export type { Received } from './received.ts'
