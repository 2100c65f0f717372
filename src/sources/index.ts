/** Where objects come from. A source only replicates objects; it never plans and never touches the host. */
export { DiskCache } from './disk-cache.ts'
export { FileSource } from './file/file-source.ts'
export type { FileSourceOptions } from './file/file-source.ts'
export { MemorySource } from './memory-source.ts'
export type * from './source.ts'
