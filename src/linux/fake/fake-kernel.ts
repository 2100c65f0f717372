/**
 * A kernel in memory: network namespaces, rtnetlink and the WireGuard family, behind the same ports as the real
 * one. It speaks netlink, so RouteNetlink, WireGuardNetlink and watchRouteEvents run on it unchanged, and it
 * passes the same contract suite (test/contracts/linux-*.test.ts).
 *
 *   const kernel = new FakeKernel()
 *   const route = RouteNetlink.open(kernel)          // Syscalls
 *   watchRouteEvents(kernel, kernel, handlers)       // FdWatcher: callbacks run as microtasks
 *   kernel.here.links                                // the tables, for a test to look at
 */
import type { Closeable } from '../closeable.ts'
import type { FdWatcher, Readiness } from '../event-loop.ts'
import { encodeGenericHeader, type WgPeer } from '../genl/index.ts'
import { AttributeCursor, type NetlinkMessage } from '../netlink/index.ts'
import * as uapi from '../uapi/index.ts'
import { FakeLinks } from './fake-links.ts'
import { FakeNamespace } from './fake-namespace.ts'
import { FakeNetlinkSocket, type RequestHandler } from './fake-netlink-socket.ts'
import { handleRouteRequest } from './fake-rtnetlink.ts'
import { dumpWireGuard, setWireGuard } from './fake-wireguard.ts'
import { Refusal } from './refusal.ts'
import { UnsupportedSyscalls } from './unsupported-syscalls.ts'

export interface FakeKernelOptions {
  /** Default: yes. */
  readonly wireguard?: boolean
}

const WIREGUARD_FAMILY = 40
const EBADF = 9
const EPROTONOSUPPORT = 93

export class FakeKernel extends UnsupportedSyscalls implements FdWatcher {
  /** The namespace that the (only) thread is in. */
  here = new FakeNamespace()
  readonly #descriptors = new Map<number, FakeNamespace | FakeNetlinkSocket>()
  readonly #handlers: ReadonlyMap<number, RequestHandler>
  #nextDescriptor = 1000

  constructor({ wireguard = true }: FakeKernelOptions = {}) {
    super()
    const links = new FakeLinks((fd) => {
      const file = this.#descriptors.get(fd)
      if (!(file instanceof FakeNamespace)) throw new Refusal(uapi.EINVAL)
      return file
    })
    this.#handlers = new Map([
      [uapi.NETLINK_ROUTE, handleRouteRequest(links)],
      [uapi.NETLINK_GENERIC, genericHandler(wireguard)],
    ])
  }

  /** What traffic would change in a peer, for tests: a handshake, a roamed endpoint, counters. */
  setPeerState(link: string, publicKey: Uint8Array, state: Partial<WgPeer>): void {
    const index = this.here.find(link)?.index ?? 0
    const device = this.here.wireguard.get(index)
    if (!device) throw new Error(`no WireGuard interface ${link}`)
    const peers = device.peers.map((peer) =>
      Buffer.compare(peer.publicKey, publicKey) === 0 ? { ...peer, ...state } : peer,
    )
    this.here.wireguard.set(index, { ...device, peers })
  }

  watch(fd: number, readiness: Readiness, onReady: () => void): Closeable {
    const socket = this.#socket(fd)
    if (!socket || readiness !== 'readable') throw new Error(`the fake kernel cannot watch descriptor ${fd}`)
    socket.onReadable = onReady
    return {
      close: () => {
        socket.onReadable = undefined
      },
    }
  }

  override open = (path: string): number =>
    path === '/proc/thread-self/ns/net' ? this.#add(this.here) : -uapi.ENOENT

  override close = (fd: number): number => {
    this.#socket(fd)?.close()
    return this.#descriptors.delete(fd) ? 0 : -EBADF
  }

  override unshare = (flags: number): number => {
    if (flags !== uapi.CLONE_NEWNET) return -uapi.EINVAL
    this.here = new FakeNamespace()
    return 0
  }

  override setns = (fd: number): number => {
    const file = this.#descriptors.get(fd)
    if (!(file instanceof FakeNamespace)) return file ? -uapi.EINVAL : -EBADF
    this.here = file
    return 0
  }

  override socket = (domain: number, _type: number, protocol: number): number => {
    const handler = this.#handlers.get(protocol)
    if (domain !== uapi.AF_NETLINK || !handler) return -EPROTONOSUPPORT
    return this.#add(new FakeNetlinkSocket(this.here, handler))
  }

  override bind = (fd: number): number => (this.#socket(fd) ? 0 : -EBADF)

  override setsockopt = (fd: number, level: number, name: number, value: Uint8Array | number): number => {
    const socket = this.#socket(fd)
    if (!socket || typeof value !== 'number') return -EBADF
    if (level === uapi.SOL_NETLINK && name === uapi.NETLINK_ADD_MEMBERSHIP) socket.groups.add(value)
    if (level === uapi.SOL_SOCKET && name === uapi.SO_RCVBUFFORCE) socket.limitBytes = value
    return 0
  }

  override send = (fd: number, buffer: Uint8Array): number => this.#socket(fd)?.send(buffer) ?? -EBADF

  override recv = (fd: number, buffer: Uint8Array, flags: number): number =>
    this.#socket(fd)?.recv(buffer, flags) ?? -EBADF

  /** Nothing happens while this thread waits, so nothing more becomes readable. */
  override poll = (): number => 0

  #socket(fd: number): FakeNetlinkSocket | undefined {
    const file = this.#descriptors.get(fd)
    return file instanceof FakeNetlinkSocket ? file : undefined
  }

  #add(file: FakeNamespace | FakeNetlinkSocket): number {
    const fd = this.#nextDescriptor++
    this.#descriptors.set(fd, file)
    return fd
  }
}

const genericHandler =
  (wireguard: boolean): RequestHandler =>
  (namespace, message) => {
    if (message.type === uapi.GENL_ID_CTRL) return getFamily(message, wireguard)
    if (message.type !== WIREGUARD_FAMILY || !wireguard) throw new Refusal(uapi.ENOENT)
    if (message.payload.getUint8(0) === uapi.WG_CMD_GET_DEVICE) {
      return { type: WIREGUARD_FAMILY, bodies: dumpWireGuard(namespace, message.payload) }
    }
    setWireGuard(namespace, message.payload)
    return undefined
  }

const getFamily = ({ payload }: NetlinkMessage, wireguard: boolean): ReturnType<RequestHandler> => {
  const attributes = new AttributeCursor(payload, 4)
  let name = ''
  while (attributes.next()) if (attributes.type === uapi.CTRL_ATTR_FAMILY_NAME) name = attributes.string()
  if (name !== uapi.WG_GENL_NAME || !wireguard) throw new Refusal(uapi.ENOENT)
  return {
    type: uapi.GENL_ID_CTRL,
    bodies: [
      (writer) => {
        encodeGenericHeader(writer, uapi.CTRL_CMD_NEWFAMILY, 2)
        writer.attributeString(uapi.CTRL_ATTR_FAMILY_NAME, name)
        writer.attributeU16(uapi.CTRL_ATTR_FAMILY_ID, WIREGUARD_FAMILY)
        writer.attributeU32(uapi.CTRL_ATTR_VERSION, uapi.WG_GENL_VERSION)
      },
    ],
  }
}
