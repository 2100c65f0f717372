/** TCP of this machine as ByteStreams: two engines, TLS over either, and bridges to Node's own streams. */
export type * from './engine.ts'
export { openEngine, type OpenEngineOptions } from './open-engine.ts'
export { asDuplex } from './as-duplex.ts'
export { DuplexStream } from './plain/duplex-stream.ts'
export * from './tls.ts'
