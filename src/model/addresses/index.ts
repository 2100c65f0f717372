/** Addresses, prefixes and endpoints of both families, as text and as numbers. Pure. */
export * from './address.ts'
export * from './endpoint.ts'
export * from './prefix.ts'
