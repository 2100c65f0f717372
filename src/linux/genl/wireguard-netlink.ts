/**
 * The kernel's WireGuard: reads and changes an interface through the generic netlink family `wireguard`. The
 * interface itself is a link like any other (RouteNetlink.addLink with kind `wireguard`).
 */
import { isKernelError } from '../kernel-error.ts'
import { NetlinkSocket } from '../netlink/index.ts'
import { withNetns } from '../netns.ts'
import type { Syscalls } from '../syscalls.ts'
import * as uapi from '../uapi/index.ts'
import { findFamily, GENLMSGHDR_BYTES } from './generic-netlink.ts'
import { encodeChangePart, splitChange } from './wireguard-change-codec.ts'
import { decodeDevicePart, encodeGetDevice, mergeDeviceParts } from './wireguard-device-codec.ts'
import type { WgDevice, WgDeviceChange } from './wireguard-device.ts'

const HEADER = { bytes: GENLMSGHDR_BYTES, prefix: 'WGDEVICE_A_' } as const

export class WireGuardNetlink {
  readonly #socket: NetlinkSocket
  readonly #family: number

  private constructor(socket: NetlinkSocket, family: number) {
    this.#socket = socket
    this.#family = family
  }

  /** Undefined when this kernel has no WireGuard. `netns`: a descriptor of the namespace to work in. */
  static open(sys: Syscalls, { netns }: { readonly netns?: number } = {}): WireGuardNetlink | undefined {
    const open = (): NetlinkSocket => NetlinkSocket.open(sys, uapi.NETLINK_GENERIC)
    const socket = netns === undefined ? open() : withNetns(sys, netns, open)
    try {
      const family = findFamily(socket, uapi.WG_GENL_NAME)
      if (family) return new WireGuardNetlink(socket, family.id)
    } catch (error) {
      socket.close()
      throw error
    }
    socket.close()
    return undefined
  }

  close(): void {
    this.#socket.close()
  }

  /** Undefined when there is no such link or it is not a WireGuard interface. */
  getDevice(name: string): WgDevice | undefined {
    try {
      const parts = this.#socket.dump(
        {
          type: this.#family,
          what: `read WireGuard interface ${name}`,
          header: HEADER,
          body: (writer) => encodeGetDevice(writer, name),
        },
        decodeDevicePart,
      )
      return mergeDeviceParts(parts)
    } catch (error) {
      if (isKernelError(error, 'ENODEV', 'EOPNOTSUPP')) return undefined
      throw error
    }
  }

  /**
   * Applies a change; a large one in several messages, in order. The kernel applies each message as it comes, so
   * a refusal in the middle leaves the parts before it applied.
   */
  setDevice(name: string, change: WgDeviceChange): void {
    for (const part of splitChange(change)) {
      this.#socket.execute({
        type: this.#family,
        what: `set WireGuard interface ${name}`,
        header: HEADER,
        body: (writer) => encodeChangePart(writer, name, part),
      })
    }
  }
}
