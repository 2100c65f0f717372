/**
 * The few fields of an inner IP packet that WireGuard looks at (RFC 791 §3.1, RFC 8200 §3): version, length
 * and addresses. Everything else is the business of whoever it is delivered to.
 */

/** Where the addresses are, from the start of the header. */
export const INET_SOURCE = 12
export const INET_DESTINATION = 16
export const INET6_SOURCE = 8
export const INET6_DESTINATION = 24

/** 4 or 6 when a whole fixed header of that version is there; otherwise 0. */
export function ipVersionOf(buffer: Uint8Array, offset: number, length: number): 4 | 6 | 0 {
  if (length < 20) return 0
  const version = buffer[offset]! >> 4
  if (version === 4) return 4
  return version === 6 && length >= 40 ? 6 : 0
}

/** What the header says the packet's length is, padding not counted. */
export function ipLengthOf(buffer: Uint8Array, offset: number, version: 4 | 6): number {
  return version === 4
    ? (buffer[offset + 2]! << 8) | buffer[offset + 3]!
    : ((buffer[offset + 4]! << 8) | buffer[offset + 5]!) + 40
}
