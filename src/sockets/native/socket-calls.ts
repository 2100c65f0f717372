/** What happens once in the life of a socket: made, bound, connected, asked (socket(7), tcp(7), ipv6(7)). */
import {
  AF_INET,
  AF_INET6,
  decodeSocketAddress,
  encodeSocketAddress,
  IPPROTO_TCP,
  IPV6_V6ONLY,
  SO_ERROR,
  SO_REUSEADDR,
  SOCK_CLOEXEC,
  SOCK_NONBLOCK,
  SOCK_STREAM,
  SOL_IPV6,
  SOL_SOCKET,
  type SocketAddressSpace,
  type Syscalls,
} from '../../linux/index.ts'
import type { SocketEnd } from '../../streams/index.ts'
import { KEEPALIVE } from '../engine.ts'
import { withoutMapping } from '../failure.ts'

const SO_KEEPALIVE = 9
const SO_LINGER = 13
const TCP_NODELAY = 1
const TCP_KEEPIDLE = 4
const TCP_KEEPINTVL = 5
const TCP_KEEPCNT = 6
const SOCKADDR_BYTES = 28

export const SOCKET_FLAGS = SOCK_NONBLOCK | SOCK_CLOEXEC
const EAFNOSUPPORT = 97

export function addressSpace(): SocketAddressSpace {
  return { bytes: new Uint8Array(SOCKADDR_BYTES), length: Int32Array.of(SOCKADDR_BYTES) }
}

/** Resets the length, too. */
export function takeAddress(space: SocketAddressSpace): SocketEnd {
  const decoded = decodeSocketAddress(space.bytes)
  space.length[0] = SOCKADDR_BYTES
  return { address: withoutMapping(decoded?.address ?? ''), port: decoded?.port ?? 0 }
}

const space = { made: undefined as SocketAddressSpace | undefined }

export function socketName(sys: Syscalls, fd: number): SocketEnd {
  space.made ??= addressSpace()
  if (fd < 0 || sys.getsockname(fd, space.made) < 0) return { address: '', port: 0 }
  return takeAddress(space.made)
}

const integer = new Uint8Array(4)
const integerView = new DataView(integer.buffer)

/** SO_ERROR, which is cleared by asking: 0, or a positive errno. */
export function pendingError(sys: Syscalls, fd: number): number {
  const result = sys.getsockopt(fd, SOL_SOCKET, SO_ERROR, integer)
  return result < 0 ? -result : integerView.getInt32(0, true)
}

/** struct linger: on, for 0 seconds. */
const LINGER_NOT = new Uint8Array(Int32Array.of(1, 0).buffer)

/** The next close sends RST instead of FIN. */
export function resetOnClose(sys: Syscalls, fd: number): void {
  sys.setsockopt(fd, SOL_SOCKET, SO_LINGER, LINGER_NOT)
}

/** Sockets that a listener accepts inherit these. */
function setUsualOptions(sys: Syscalls, fd: number): void {
  sys.setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, 1)
  sys.setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, 1)
  sys.setsockopt(fd, IPPROTO_TCP, TCP_KEEPIDLE, KEEPALIVE.idleSeconds)
  sys.setsockopt(fd, IPPROTO_TCP, TCP_KEEPINTVL, KEEPALIVE.intervalSeconds)
  sys.setsockopt(fd, IPPROTO_TCP, TCP_KEEPCNT, KEEPALIVE.probes)
}

interface BindOptions {
  readonly address: string
  readonly port: number
  readonly backlog: number
}

/** Listens. The descriptor, or a negative errno. */
export function listeningSocket(sys: Syscalls, { address, port, backlog }: BindOptions): number {
  const isAny = address === '' || address === '::'
  const sockaddr = encodeSocketAddress({ address: isAny ? '::' : address, port })
  const isIPv6 = sockaddr.length === SOCKADDR_BYTES
  const fd = sys.socket(isIPv6 ? AF_INET6 : AF_INET, SOCK_STREAM | SOCKET_FLAGS, IPPROTO_TCP)
  // Without IPv6 in the kernel, all addresses are those of IPv4.
  if (fd === -EAFNOSUPPORT && isAny) return listeningSocket(sys, { address: '0.0.0.0', port, backlog })
  if (fd < 0) return fd
  sys.setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, 1)
  if (isIPv6) sys.setsockopt(fd, SOL_IPV6, IPV6_V6ONLY, isAny ? 0 : 1)
  setUsualOptions(sys, fd)
  const bound = sys.bind(fd, sockaddr)
  const result = bound < 0 ? bound : sys.listen(fd, backlog)
  if (result >= 0) return fd
  sys.close(fd)
  return result
}

/** Begins to connect. The descriptor, or a negative errno. */
export function connectingSocket(sys: Syscalls, to: SocketEnd): number {
  const sockaddr = encodeSocketAddress(to)
  const domain = sockaddr.length === SOCKADDR_BYTES ? AF_INET6 : AF_INET
  const fd = sys.socket(domain, SOCK_STREAM | SOCKET_FLAGS, IPPROTO_TCP)
  if (fd < 0) return fd
  setUsualOptions(sys, fd)
  const result = sys.connect(fd, sockaddr)
  if (result >= 0 || result === -EINPROGRESS) return fd
  sys.close(fd)
  return result
}

const EINPROGRESS = 115
