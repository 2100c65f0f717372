/**
 * A TUN link as this process's own (<linux/if_tun.h>, Documentation/networking/tuntap.rst): opened or attached to by
 * name, persistent, so that link, addresses and routes stay when the process goes, and with as many offloads as the
 * kernel has. Whoever attaches while another process is attached gets EBUSY.
 */
import { check, KernelError } from './kernel-error.ts'
import type { Syscalls } from './syscalls.ts'
import { AF_INET, EINVAL, O_CLOEXEC, O_NONBLOCK, O_RDWR, SOCK_CLOEXEC, SOCK_DGRAM } from './uapi/index.ts'
import { VNET_HEADER_BYTES } from './virtio-net-header.ts'

const TUNSETIFF = 0x400454ca
const TUNSETPERSIST = 0x400454cb
const TUNSETOFFLOAD = 0x400454d0
const TUNSETVNETHDRSZ = 0x400454d8
const IFF_TUN = 0x0001
const IFF_NO_PI = 0x1000
const IFF_VNET_HDR = 0x4000
const TUN_F_CSUM = 0x01
const TUN_F_TSO4 = 0x02
const TUN_F_TSO6 = 0x04
const TUN_F_TSO_ECN = 0x08
const TUN_F_USO4 = 0x20
const TUN_F_USO6 = 0x40
const SIOCGIFMTU = 0x8921
const SIOCSIFMTU = 0x8922
const SIOCGIFINDEX = 0x8933
const SIOCSIFTXQLEN = 0x8943
/** `struct ifreq`: 16 bytes of name, then a union; 40 bytes on 64-bit. */
const IFREQ_BYTES = 40
const IFNAMSIZ = 16

/** What the kernel agreed to; each is less than the one before. */
export type TunOffload = 'uso' | 'tso' | 'checksum' | 'none'

export interface Tun {
  readonly fd: number
  /** Frames carry `struct virtio_net_hdr`. */
  readonly vnetHeader: boolean
  readonly offload: TunOffload
  /** It was there before. */
  readonly existed: boolean
}

export interface TunOptions {
  readonly name: string
  /** Do without IFF_VNET_HDR, as on a kernel that has none. */
  readonly plain?: boolean
}

/** Needs CAP_NET_ADMIN, or a link that belongs to this user. Throws KernelError. */
export function openTun(sys: Syscalls, { name, plain = false }: TunOptions): Tun {
  const existed = withControlSocket(sys, (fd) => sys.ioctl(fd, SIOCGIFINDEX, interfaceRequest(name)) >= 0)
  const fd = check(sys.open('/dev/net/tun', O_RDWR | O_NONBLOCK | O_CLOEXEC), 'open /dev/net/tun')
  try {
    const vnetHeader = attach(sys, fd, { name, plain })
    if (vnetHeader) {
      check(sys.ioctl(fd, TUNSETVNETHDRSZ, int32(VNET_HEADER_BYTES)), `set the header size of ${name}`)
    }
    check(sys.ioctl(fd, TUNSETPERSIST, 1), `make ${name} persistent`)
    return { fd, vnetHeader, offload: setOffload(sys, fd, vnetHeader), existed }
  } catch (error) {
    sys.close(fd)
    throw error
  }
}

/** True: with vnet headers. */
function attach(sys: Syscalls, fd: number, { name, plain }: { name: string; plain: boolean }): boolean {
  const wanted = IFF_TUN | IFF_NO_PI
  if (!plain) {
    const result = sys.ioctl(fd, TUNSETIFF, interfaceRequest(name, wanted | IFF_VNET_HDR))
    if (result >= 0) return true
    // EINVAL: no vnet headers in this kernel, or no TUN at all; the second attempt tells which.
    if (result !== -EINVAL) throw new KernelError(`attach to the TUN link ${name}`, result)
  }
  check(sys.ioctl(fd, TUNSETIFF, interfaceRequest(name, wanted)), `attach to the TUN link ${name}`)
  return false
}

function setOffload(sys: Syscalls, fd: number, vnetHeader: boolean): TunOffload {
  // The link remembers what the process before us agreed to, and would hand super packets to one that cannot tell.
  const none = sys.ioctl(fd, TUNSETOFFLOAD, 0)
  if (!vnetHeader || none < 0) return 'none'
  const tso = TUN_F_CSUM | TUN_F_TSO4 | TUN_F_TSO6 | TUN_F_TSO_ECN
  // USO came with 6.2, and only both families together.
  if (sys.ioctl(fd, TUNSETOFFLOAD, tso | TUN_F_USO4 | TUN_F_USO6) >= 0) return 'uso'
  if (sys.ioctl(fd, TUNSETOFFLOAD, tso) >= 0) return 'tso'
  return sys.ioctl(fd, TUNSETOFFLOAD, TUN_F_CSUM) >= 0 ? 'checksum' : 'none'
}

/** Needs no privilege. Undefined when the link is gone. `fd`: any socket in the link's namespace. */
export function readMtu(sys: Syscalls, fd: number, name: string): number | undefined {
  const request = interfaceRequest(name)
  if (sys.ioctl(fd, SIOCGIFMTU, request) < 0) return undefined
  return new DataView(request.buffer).getInt32(IFNAMSIZ, true)
}

export function setMtu(sys: Syscalls, name: string, mtuBytes: number): void {
  const request = interfaceRequest(name)
  new DataView(request.buffer).setInt32(IFNAMSIZ, mtuBytes, true)
  withControlSocket(sys, (fd) =>
    check(sys.ioctl(fd, SIOCSIFMTU, request), `set the MTU of ${name} to ${mtuBytes}`),
  )
}

/** Packets that wait in the kernel for their reader. False: refused, as it is to root of a user namespace. */
export function setTransmitQueue(sys: Syscalls, name: string, packets: number): boolean {
  const request = interfaceRequest(name)
  new DataView(request.buffer).setInt32(IFNAMSIZ, packets, true)
  return withControlSocket(sys, (fd) => sys.ioctl(fd, SIOCSIFTXQLEN, request) >= 0)
}

function withControlSocket<T>(sys: Syscalls, run: (fd: number) => T): T {
  const fd = check(sys.socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), 'open a socket')
  try {
    return run(fd)
  } finally {
    sys.close(fd)
  }
}

function interfaceRequest(name: string, flags = 0): Uint8Array<ArrayBuffer> {
  const text = new TextEncoder().encode(name)
  if (text.length === 0 || text.length >= IFNAMSIZ) throw new RangeError(`no interface name: ${name}`)
  const request = new Uint8Array(IFREQ_BYTES)
  request.set(text)
  new DataView(request.buffer).setUint16(IFNAMSIZ, flags, true)
  return request
}

function int32(value: number): Uint8Array {
  return new Uint8Array(Int32Array.of(value).buffer)
}
