/** Types and codes of ICMP (RFC 792, RFC 1122 §3.2.2, RFC 1812 §5.2.7) and ICMPv6 (RFC 4443), as far as we use them. */

export const ICMP_HEADER_BYTES = 8
/** Where the checksum is, in both. */
export const ICMP_CHECKSUM_AT = 2

export const ECHO_REPLY = 0
export const DESTINATION_UNREACHABLE = 3
export const ECHO_REQUEST = 8
export const TIME_EXCEEDED = 11
/** Codes of DESTINATION_UNREACHABLE. */
export const PROTOCOL_UNREACHABLE = 2
export const PORT_UNREACHABLE = 3
export const FRAGMENTATION_NEEDED = 4

export const V6_DESTINATION_UNREACHABLE = 1
export const V6_PACKET_TOO_BIG = 2
export const V6_TIME_EXCEEDED = 3
export const V6_PARAMETER_PROBLEM = 4
export const V6_ECHO_REQUEST = 128
export const V6_ECHO_REPLY = 129
/** Code of V6_DESTINATION_UNREACHABLE. */
export const V6_PORT_UNREACHABLE = 4
/** Code of V6_PARAMETER_PROBLEM. */
export const V6_UNRECOGNIZED_NEXT_HEADER = 1

/** Code of both TIME_EXCEEDED and V6_TIME_EXCEEDED: the other one is a hop limit. */
export const REASSEMBLY_TIME_EXCEEDED = 1

/** RFC 1812 §4.3.2.3: an error of IPv4 is no longer than this; RFC 4443 §2.4 (c): of IPv6. */
export const MAX_ERROR_BYTES = 576
export const MAX_V6_ERROR_BYTES = 1_280
