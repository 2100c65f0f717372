/**
 * What is ours on a host: links that carry our alternative name, and routes, rules and addresses with our
 * protocol number. Everything else belongs to somebody else and is neither changed nor removed.
 */
import { altNameOf, WARREN_PROTOCOL } from '../model/index.ts'
import type { ObservedAddress, ObservedHost, ObservedLink, ObservedWireGuard } from '../model/index.ts'

/** ifa_proto of addresses that the kernel makes itself: loopback, router advertisement, link-local. */
const KERNEL_ADDRESS_PROTOCOLS = new Set([1, 2, 3])

export const isOurs = (link: ObservedLink): boolean => link.altNames.includes(altNameOf(link.name))

/** A link that can be a WireGuard interface at all; `tun` when a process serves its UAPI socket. */
export const isWireGuard = (link: ObservedLink, device: ObservedWireGuard | undefined): boolean =>
  link.kind === 'wireguard' || (link.kind === 'tun' && device !== undefined)

/**
 * A WireGuard interface on which nobody has put anything: what we leave behind when we die between making a
 * link and marking it (the kernel cannot do both in one request). Safe to take.
 */
export const isBlank = (link: ObservedLink, observed: ObservedHost): boolean => {
  const device = observed.wireguard.find((d) => d.link === link.name)
  if (!isWireGuard(link, device) || link.altNames.length > 0) return false
  if (device !== undefined && (device.publicKey !== undefined || device.peers.length > 0)) return false
  return observed.addresses.every((a) => a.link !== link.name || isKernelMade(a))
}

/** Link-local addresses of the kernel's own making stay: removing them would only make it add them again. */
export const isKernelMade = (address: ObservedAddress): boolean =>
  KERNEL_ADDRESS_PROTOCOLS.has(address.protocol) ||
  // Kernels before 5.18 do not say who made an address; this is the shape of theirs.
  (address.protocol !== WARREN_PROTOCOL &&
    /^fe[89ab][0-9a-f]:/.test(address.local) &&
    address.prefixLength === 64 &&
    address.peer === undefined)
