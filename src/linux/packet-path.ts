/** The parts of `linux` that move packets: for userspace interfaces. */
export * from './capabilities.ts'
export { loadChachaAead } from './chacha-aead.ts'
export * from './evp-aead.ts'
export * from './packet-calls.ts'
export * from './tun.ts'
export * from './udp-messages.ts'
export * from './udp.ts'
export * from './virtio-net-header.ts'
