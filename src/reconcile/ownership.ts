/**
 * What is ours on a host: links that carry our alternative name, and routes, rules and addresses with our
 * protocol number. Everything else belongs to somebody else and is neither changed nor removed.
 */
import { altNameOf, WARREN_PROTOCOL } from '../model/index.ts'
import type { ObservedAddress, ObservedLink, ObservedWireGuard } from '../model/index.ts'
import { sameSettings } from './link-settings.ts'
import type { Place } from './place.ts'
import type { WantedLink } from './wanted.ts'

/** ifa_proto of addresses that the kernel makes itself: loopback, router advertisement, link-local. */
const KERNEL_ADDRESS_PROTOCOLS = new Set([1, 2, 3])

export const isOurs = (link: Pick<ObservedLink, 'name' | 'altNames'>): boolean =>
  link.altNames.includes(altNameOf(link.name))

/** The name that our mark on this link says: another than its own when somebody renamed it. */
export const markedAs = (link: Pick<ObservedLink, 'name' | 'altNames'>): string | undefined => {
  if (link.altNames.length === 0) return undefined
  if (isOurs(link)) return link.name
  const prefix = altNameOf('')
  return link.altNames.find((a) => a.startsWith(prefix) && a.length > prefix.length)?.slice(prefix.length)
}

/** Made by us, whatever it is called now. */
export const isMarked = (link: Pick<ObservedLink, 'name' | 'altNames'>): boolean =>
  markedAs(link) !== undefined

/** A link that can be a WireGuard interface at all; `tun` when a process serves its UAPI socket. */
export const isWireGuard = (link: ObservedLink, device: ObservedWireGuard | undefined): boolean =>
  link.kind === 'wireguard' || (link.kind === 'tun' && device !== undefined)

/**
 * A WireGuard interface on which nobody has put anything: what we leave behind when we die between making a
 * link and marking it (the kernel cannot do both in one request). Safe to take.
 */
export const isBlank = (link: ObservedLink, place: Place): boolean => {
  const device = place.devices.get(link.name)
  if (!isWireGuard(link, device) || link.altNames.length > 0) return false
  if (device !== undefined && (device.publicKey !== undefined || device.peers.length > 0)) return false
  return hasNoAddress(link, place)
}

/** The same of any other link: as we make it, down, a port of nothing, and with nothing in it or on top of it. */
export const isBlankLink = (link: ObservedLink, { intent, place }: WantedLink): boolean =>
  link.kind === intent.kind &&
  !link.up &&
  link.altNames.length === 0 &&
  link.master === undefined &&
  sameSettings(intent.settings, link.settings) &&
  hasNoAddress(link, place) &&
  ![...place.links.values()].some((l) => l.master === link.name || l.settings['link'] === link.name)

const hasNoAddress = (link: ObservedLink, place: Place): boolean =>
  (place.addresses.get(link.name) ?? []).every(isKernelMade)

/**
 * Addresses of the kernel's own making stay: removing them would only make it add them again. Before 5.18 it does
 * not say which are its own; link-local ones have a shape, and those of router advertisements expire.
 */
export const isKernelMade = (address: ObservedAddress): boolean =>
  KERNEL_ADDRESS_PROTOCOLS.has(address.protocol) ||
  (address.protocol !== WARREN_PROTOCOL &&
    (address.dynamic === true ||
      (/^fe[89ab][0-9a-f]:/.test(address.local) &&
        address.prefixLength === 64 &&
        address.peer === undefined)))
