/**
 * UDP sockets for tunnels: one per family on the same port, with segmentation and coalescing offload (udp(7),
 * UDP_SEGMENT and UDP_GRO), destination addresses of what arrives (ip(7), IP_PKTINFO) and large buffers.
 *
 * What needs a privilege (SO_MARK, buffers beyond the limit) happens when a socket is made, what does not (the port)
 * when it is bound: a process can make sockets, drop its capabilities, and bind later.
 */
import { check } from './kernel-error.ts'
import { decodeSocketAddress, encodeSocketAddress } from './socket-address.ts'
import type { Syscalls } from './syscalls.ts'
import {
  AF_INET,
  AF_INET6,
  EADDRINUSE,
  IPPROTO_UDP,
  IPV6_V6ONLY,
  SO_MARK,
  SO_RCVBUF,
  SO_RCVBUFFORCE,
  SO_SNDBUF,
  SO_SNDBUFFORCE,
  SOCK_CLOEXEC,
  SOCK_DGRAM,
  SOL_IP,
  SOL_IPV6,
  SOL_SOCKET,
} from './uapi/index.ts'

export const UDP_SEGMENT = 103
export const UDP_GRO = 104
export const IP_PKTINFO = 8
export const IPV6_PKTINFO = 50
const IP_MTU_DISCOVER = 10
const IPV6_MTU_DISCOVER = 23
const IP_PMTUDISC_DONT = 0
const IPV6_RECVPKTINFO = 49
const SO_SNDTIMEO = 21
/** Of bursts: 64 KiB each, and the kernel counts twice as much for its own structures. */
const BUFFER_BYTES = 7 * 1024 * 1024
const SEND_TIMEOUT_US = 200_000
const EAFNOSUPPORT = 97

export interface UdpSocket {
  readonly fd: number
  readonly family: 4 | 6
  /** One sendmsg may carry many datagrams. */
  readonly gso: boolean
  /** One recvmsg may bring many. */
  readonly gro: boolean
}

export interface UdpSocketOptions {
  readonly family: 4 | 6
  /** SO_MARK; 0: none. Needs CAP_NET_ADMIN or CAP_NET_RAW. */
  readonly mark: number
  /** Do without offloads, as on a kernel that has none. */
  readonly plain?: boolean
}

/** Not bound yet. Undefined where the family is off (`ipv6.disable=1`). */
export function openUdpSocket(
  sys: Syscalls,
  { family, mark, plain = false }: UdpSocketOptions,
): UdpSocket | undefined {
  const domain = family === 4 ? AF_INET : AF_INET6
  const fd = sys.socket(domain, SOCK_DGRAM | SOCK_CLOEXEC, IPPROTO_UDP)
  if (fd === -EAFNOSUPPORT) return undefined
  check(fd, `open a UDP socket for IPv${family}`)
  try {
    if (mark !== 0) check(sys.setsockopt(fd, SOL_SOCKET, SO_MARK, mark), 'mark a UDP socket')
    setBuffers(sys, fd)
    // Sending blocks while the buffer is full, which slows the TUN's readers down; but not for ever.
    sys.setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, timeval(SEND_TIMEOUT_US))
    setFamilyOptions(sys, fd, family)
    const gso = !plain && sys.getsockopt(fd, IPPROTO_UDP, UDP_SEGMENT, new Uint8Array(4)) >= 0
    const gro = !plain && sys.setsockopt(fd, IPPROTO_UDP, UDP_GRO, 1) >= 0
    return { fd, family, gso, gro }
  } catch (error) {
    sys.close(fd)
    throw error
  }
}

/** Beyond the system's limits where we may, else as much as they allow. */
function setBuffers(sys: Syscalls, fd: number): void {
  if (sys.setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, BUFFER_BYTES) < 0) {
    sys.setsockopt(fd, SOL_SOCKET, SO_RCVBUF, BUFFER_BYTES)
  }
  if (sys.setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, BUFFER_BYTES) < 0) {
    sys.setsockopt(fd, SOL_SOCKET, SO_SNDBUF, BUFFER_BYTES)
  }
}

/** Path MTU discovery is off: an outer packet that is too large is fragmented rather than lost without a word. */
function setFamilyOptions(sys: Syscalls, fd: number, family: 4 | 6): void {
  if (family === 4) {
    sys.setsockopt(fd, SOL_IP, IP_MTU_DISCOVER, IP_PMTUDISC_DONT)
    sys.setsockopt(fd, SOL_IP, IP_PKTINFO, 1)
    return
  }
  check(sys.setsockopt(fd, SOL_IPV6, IPV6_V6ONLY, 1), 'keep a UDP socket to IPv6')
  sys.setsockopt(fd, SOL_IPV6, IPV6_MTU_DISCOVER, IP_PMTUDISC_DONT)
  sys.setsockopt(fd, SOL_IPV6, IPV6_RECVPKTINFO, 1)
}

/** To any local address. 0 takes a random port. Returns the port, or a negative errno. */
export function bindUdp(sys: Syscalls, { fd, family }: UdpSocket, port: number): number {
  const any = encodeSocketAddress({ address: family === 4 ? '0.0.0.0' : '::', port })
  const result = sys.bind(fd, any)
  if (result < 0 || port !== 0) return result < 0 ? result : port
  const space = { bytes: new Uint8Array(28), length: Int32Array.of(28) }
  const named = sys.getsockname(fd, space)
  return named < 0 ? named : (decodeSocketAddress(space.bytes)?.port ?? 0)
}

export const isAddressInUse = (result: number): boolean => result === -EADDRINUSE

function timeval(microseconds: number): Uint8Array {
  const seconds = Math.floor(microseconds / 1e6)
  return new Uint8Array(BigInt64Array.of(BigInt(seconds), BigInt(microseconds % 1e6)).buffer)
}
