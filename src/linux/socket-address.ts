/**
 * `struct sockaddr_in`, `sockaddr_in6` and `sockaddr_un` as bytes (<linux/in.h>, <linux/in6.h>, <linux/un.h>):
 *
 *   in    family u16 | port be16 | address 4 | zero 8                                16 bytes
 *   in6   family u16 | port be16 | flow info be32 | address 16 | scope id u32        28 bytes
 */
import { addressBytes, formatAddress } from './ip-text.ts'
import { AF_INET, AF_INET6, AF_UNIX } from './uapi/index.ts'

export interface IPSocketAddress {
  /** Canonical text. */
  readonly address: string
  readonly port: number
  /** The link's index, for IPv6 link-local addresses. */
  readonly scopeId?: number
}

export const SOCKADDR_IN_BYTES = 16
export const SOCKADDR_IN6_BYTES = 28

export const encodeSocketAddress = ({ address, port, scopeId = 0 }: IPSocketAddress): Uint8Array => {
  const ip = addressBytes(address)
  const bytes = new Uint8Array(ip.length === 4 ? SOCKADDR_IN_BYTES : SOCKADDR_IN6_BYTES)
  const view = new DataView(bytes.buffer)
  view.setUint16(0, ip.length === 4 ? AF_INET : AF_INET6, true)
  view.setUint16(2, port, false)
  bytes.set(ip, ip.length === 4 ? 4 : 8)
  if (ip.length === 16) view.setUint32(24, scopeId, true)
  return bytes
}

export const decodeSocketAddress = (bytes: Uint8Array): IPSocketAddress | undefined => {
  if (bytes.length < 2) return undefined
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const family = view.getUint16(0, true)
  if (family === AF_INET && bytes.length >= 8) return decoded(bytes.subarray(4, 8), view.getUint16(2), 0)
  if (family === AF_INET6 && bytes.length >= SOCKADDR_IN6_BYTES) {
    return decoded(bytes.subarray(8, 24), view.getUint16(2), view.getUint32(24, true))
  }
  return undefined
}

const decoded = (ip: Uint8Array, port: number, scopeId: number): IPSocketAddress | undefined => {
  const address = formatAddress(ip)
  if (address === undefined) return undefined
  return scopeId === 0 ? { address, port } : { address, port, scopeId }
}

/** A path of at most 107 bytes. */
export const encodeUnixAddress = (path: string): Uint8Array => {
  const text = new TextEncoder().encode(path)
  if (text.length > 107) throw new RangeError(`socket path longer than 107 bytes: ${path}`)
  const bytes = new Uint8Array(2 + text.length + 1)
  new DataView(bytes.buffer).setUint16(0, AF_UNIX, true)
  bytes.set(text, 2)
  return bytes
}
