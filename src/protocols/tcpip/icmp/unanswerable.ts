/**
 * Packets that no ICMP error may answer, whatever is wrong with them: ICMP errors, or two hosts could go on for ever
 * (RFC 1122 §3.2.2, RFC 4443 §2.4 (e.1) and (e.2)). Those of IPv4 end in icmp/, which complains about nothing; those of
 * IPv6 may stand behind a header that somebody does complain about.
 */
import { IPV6_HEADER_BYTES, PROTOCOL_ICMPV6 } from '../ip/header.ts'
import type { InboundPacket } from '../layers.ts'
import { V6_ECHO_REQUEST } from './message.ts'

const HOP_BY_HOP = 0
const ROUTING = 43
const FRAGMENT = 44
const DESTINATION_OPTIONS = 60
const REDIRECT = 137
/** As far as ip/options.ts walks. */
const MAX_HEADERS = 9

export function holdsIcmpError({ memory, packetAt, packetLength, family }: InboundPacket): boolean {
  if (family === 4) return false
  const { bytes } = memory
  const end = packetAt + packetLength
  let protocol = bytes[packetAt + 6]!
  let at = packetAt + IPV6_HEADER_BYTES
  for (let count = 0; count < MAX_HEADERS && at + 8 <= end; count++) {
    if (protocol === PROTOCOL_ICMPV6) return bytes[at]! < V6_ECHO_REQUEST || bytes[at] === REDIRECT
    const isOptions = protocol === HOP_BY_HOP || protocol === ROUTING || protocol === DESTINATION_OPTIONS
    if (!isOptions && protocol !== FRAGMENT) return false
    protocol = bytes[at]!
    at += isOptions ? (bytes[at + 1]! + 1) * 8 : 8
  }
  return false
}
