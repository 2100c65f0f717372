/** Memory that packets live in, and the Internet checksum over it. Pure: WebAssembly where there is SIMD, else plain. */
export * from './packet-memory.ts'
