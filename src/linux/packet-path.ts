/** The parts of `linux` that move packets: for userspace interfaces. */
export { loadChachaAead } from './chacha-aead.ts'
export * from './evp-aead.ts'
export * from './virtio-net-header.ts'
