/** Connections as bytes, and the memory that they share. Pure. */
export * from './byte-stream.ts'
export * from './join.ts'
export * from './page-pool.ts'
export * from './sliding-buffer.ts'
export * from './stream-pair.ts'
