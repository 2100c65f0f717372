/**
 * Addresses of SOCKS5 (RFC 1928 §5), and the header of its datagrams (§7):
 *
 *   atyp  01 ipv4[4] | 03 n name[n] | 04 ipv6[16]   port be16          datagram  00 00 frag atyp addr port data
 */
import { formatAddress, parseAddress } from '../../linux/index.ts'
import type { SocketEnd } from '../../streams/index.ts'

export interface SocksAddress {
  /** A canonical address, or a name. */
  readonly host: string
  readonly isName: boolean
  readonly port: number
}

const IPV4 = 1
const NAME = 3
const IPV6 = 4

/** With type and port; undefined: there is no such type. `first`: the byte after the type. */
export function socksAddressBytes(type: number, first: number): number | undefined {
  switch (type) {
    case IPV4:
      return 7
    case NAME:
      return 1 + 1 + first + 2
    case IPV6:
      return 19
    default:
      return undefined
  }
}

/** Undefined: it is cut off, of another type, or no name. */
export function decodeSocksAddress(bytes: Uint8Array, at: number): SocksAddress | undefined {
  const type = bytes[at] ?? 0
  const length = socksAddressBytes(type, bytes[at + 1] ?? 0)
  if (length === undefined || bytes.length < at + length) return undefined
  const port = ((bytes[at + length - 2] ?? 0) << 8) | (bytes[at + length - 1] ?? 0)
  if (type !== NAME) {
    const host = formatAddress(bytes.subarray(at + 1, at + length - 2))
    return host === undefined ? undefined : { host, isName: false, port }
  }
  const text = String.fromCharCode(...bytes.subarray(at + 2, at + length - 2))
  return named(text, port)
}

/** Letters, digits, hyphens and underscores in labels: nothing that could mean something else further on. */
const HOST_NAME = /^(?!-)[a-z0-9_-]{1,63}(\.[a-z0-9_-]{1,63})*\.?$/i

function named(text: string, port: number): SocksAddress | undefined {
  // Some clients send addresses as names.
  const literal = parseAddress(text)
  if (literal !== undefined) {
    const host = formatAddress(literal)
    return host === undefined ? undefined : { host, isName: false, port }
  }
  return HOST_NAME.test(text) ? { host: text, isName: true, port } : undefined
}

/** Of an IP address; anything else is told as 0.0.0.0. */
export function encodeSocksAddress({ address, port }: SocketEnd): Uint8Array {
  const ip = parseAddress(address) ?? new Uint8Array(4)
  return Uint8Array.of(ip.length === 4 ? IPV4 : IPV6, ...ip, port >> 8, port & 255)
}

export interface SocksDatagram {
  readonly target: SocksAddress
  readonly data: Uint8Array
}

/** Undefined: malformed, or a fragment, which one may drop (§7). */
export function decodeSocksDatagram(bytes: Uint8Array): SocksDatagram | undefined {
  if (bytes.length < 4 || bytes[0] !== 0 || bytes[1] !== 0 || bytes[2] !== 0) return undefined
  const target = decodeSocksAddress(bytes, 3)
  const length = socksAddressBytes(bytes[3] ?? 0, bytes[4] ?? 0)
  if (target === undefined || length === undefined || target.port === 0) return undefined
  return { target, data: bytes.subarray(3 + length) }
}

export function encodeSocksDatagram(data: Uint8Array, from: SocketEnd): Uint8Array {
  const address = encodeSocksAddress(from)
  const bytes = new Uint8Array(3 + address.length + data.length)
  bytes.set(address, 3)
  bytes.set(data, 3 + address.length)
  return bytes
}
