/**
 * Offsets in the headers that segmentation and coalescing read and write (RFC 791 §3.1, RFC 8200 §3, RFC 9293 §3.1,
 * RFC 768), from the start of the header each belongs to.
 */
export const IPV4_TOTAL_LENGTH = 2
export const IPV4_ID = 4
export const IPV4_FRAGMENT = 6
export const IPV4_TTL = 8
export const IPV4_CHECKSUM = 10
export const IPV4_SOURCE = 12
export const IPV4_HEADER = 20
export const IPV4_DONT_FRAGMENT = 0x4000

export const IPV6_PAYLOAD_LENGTH = 4
export const IPV6_NEXT_HEADER = 6
export const IPV6_SOURCE = 8
export const IPV6_HEADER = 40

export const PROTOCOL_TCP = 6
export const PROTOCOL_UDP = 17

export const TCP_SEQUENCE = 4
export const TCP_ACKNOWLEDGMENT = 8
export const TCP_OFFSET_AND_FLAGS = 12
export const TCP_FLAGS = 13
export const TCP_WINDOW = 14
export const TCP_CHECKSUM = 16
export const TCP_HEADER = 20

export const TCP_FIN = 0x01
export const TCP_PSH = 0x08
export const TCP_ACK = 0x10
export const TCP_CWR = 0x80

export const UDP_LENGTH = 4
export const UDP_CHECKSUM = 6
export const UDP_HEADER = 8

/** Bytes of source and destination together: what a pseudo header starts with. */
export const addressesLength = (version: number): number => (version === 4 ? 8 : 32)
export const addressesAt = (version: number): number => (version === 4 ? IPV4_SOURCE : IPV6_SOURCE)
