/**
 * WireGuard's text formats, parsed and formatted: `wg-quick` and `wg setconf` files, and the userspace API.
 * Pure and without any other part of the protocol, so that a command that only writes files loads nothing else.
 */
export * from './ip-text.ts'
export * from './key-text.ts'
export * from './uapi.ts'
export * from './uapi-parse.ts'
export * from './wg-config.ts'
export * from './wg-config-parse.ts'
