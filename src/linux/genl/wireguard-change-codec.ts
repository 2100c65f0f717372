/**
 * WG_CMD_SET_DEVICE: a change to a WireGuard interface as one or more messages (<linux/wireguard.h>).
 *
 * An attribute's length has 16 bits, so all peers of one message fit in 64 KiB. A change that does not is sent in
 * parts: the device's own attributes and WGDEVICE_F_REPLACE_PEERS only in the first; a peer whose allowed IPs
 * overflow goes on in the next part under the same key, without WGPEER_F_REPLACE_ALLOWEDIPS, which would clear
 * what the part before brought.
 */
import { prefixBytes } from '../ip-text.ts'
import type { MessageWriter } from '../netlink/index.ts'
import { encodeSocketAddress } from '../socket-address.ts'
import * as uapi from '../uapi/index.ts'
import { encodeGenericHeader } from './generic-netlink.ts'
import type { WgDeviceChange, WgPeerChange } from './wireguard-device.ts'

/** Bytes of attributes in one message. Small enough for every send buffer. */
export const MAX_PART_BYTES = 32 * 1024

/** Of a peer without its allowed IPs: key, PSK, flags, IPv6 endpoint, keepalive, and the nests. */
const PEER_BYTES = 36 + 36 + 8 + 32 + 8 + 8
/** Of an IPv6 allowed IP: nest, family, address, mask. */
const ALLOWED_IP_BYTES = 4 + 8 + 20 + 8

/** One message's share: the device attributes if first, and these peers. */
export interface WgChangePart {
  readonly device: WgDeviceChange
  readonly first: boolean
  readonly peers: readonly WgPeerPart[]
}

interface WgPeerPart {
  readonly peer: WgPeerChange
  /** Not its first part: only the key and more allowed IPs. */
  readonly continued: boolean
  readonly allowedIPs: readonly string[]
}

export const splitChange = (change: WgDeviceChange, maxBytes = MAX_PART_BYTES): WgChangePart[] => {
  const parts: WgPeerPart[][] = [[]]
  let room = maxBytes
  const nextPart = (): void => {
    parts.push([])
    room = maxBytes
  }
  for (const peer of change.peers ?? []) {
    const allowedIPs = peer.remove ? [] : (peer.allowedIPs ?? [])
    let at = 0
    do {
      if (room < PEER_BYTES + (allowedIPs.length > at ? ALLOWED_IP_BYTES : 0)) nextPart()
      const take = Math.min(allowedIPs.length - at, Math.floor((room - PEER_BYTES) / ALLOWED_IP_BYTES))
      parts.at(-1)?.push({ peer, continued: at > 0, allowedIPs: allowedIPs.slice(at, at + take) })
      room -= PEER_BYTES + take * ALLOWED_IP_BYTES
      at += take
    } while (at < allowedIPs.length)
  }
  return parts.map((peers, index) => ({ device: change, first: index === 0, peers }))
}

export const encodeChangePart = (writer: MessageWriter, link: string, part: WgChangePart): void => {
  encodeGenericHeader(writer, uapi.WG_CMD_SET_DEVICE, uapi.WG_GENL_VERSION)
  writer.attributeString(uapi.WGDEVICE_A_IFNAME, link)
  if (part.first) encodeDevice(writer, part.device)
  if (part.peers.length === 0) return
  writer.nest(uapi.WGDEVICE_A_PEERS, () => {
    for (const peer of part.peers) writer.nest(0, () => encodePeer(writer, peer))
  })
}

const encodeDevice = (writer: MessageWriter, change: WgDeviceChange): void => {
  if (change.replacePeers) writer.attributeU32(uapi.WGDEVICE_A_FLAGS, uapi.WGDEVICE_F_REPLACE_PEERS)
  if (change.privateKey) writer.attributeBytes(uapi.WGDEVICE_A_PRIVATE_KEY, key(change.privateKey))
  if (change.listenPort !== undefined) writer.attributeU16(uapi.WGDEVICE_A_LISTEN_PORT, change.listenPort)
  if (change.fwmark !== undefined) writer.attributeU32(uapi.WGDEVICE_A_FWMARK, change.fwmark)
}

const encodePeer = (writer: MessageWriter, { peer, continued, allowedIPs }: WgPeerPart): void => {
  writer.attributeBytes(uapi.WGPEER_A_PUBLIC_KEY, key(peer.publicKey))
  const flags = peerFlags(peer, continued)
  if (flags !== 0) writer.attributeU32(uapi.WGPEER_A_FLAGS, flags)
  if (peer.remove) return
  if (!continued) encodePeerValues(writer, peer)
  if (allowedIPs.length === 0) return
  writer.nest(uapi.WGPEER_A_ALLOWEDIPS, () => {
    for (const prefix of allowedIPs) encodeAllowedIP(writer, prefix)
  })
}

const peerFlags = (peer: WgPeerChange, continued: boolean): number =>
  (peer.remove ? uapi.WGPEER_F_REMOVE_ME : 0) |
  (peer.updateOnly ? uapi.WGPEER_F_UPDATE_ONLY : 0) |
  (peer.replaceAllowedIPs && !continued && !peer.remove ? uapi.WGPEER_F_REPLACE_ALLOWEDIPS : 0)

const encodePeerValues = (writer: MessageWriter, peer: WgPeerChange): void => {
  if (peer.presharedKey) writer.attributeBytes(uapi.WGPEER_A_PRESHARED_KEY, key(peer.presharedKey))
  if (peer.endpoint) writer.attributeBytes(uapi.WGPEER_A_ENDPOINT, encodeSocketAddress(peer.endpoint))
  if (peer.persistentKeepaliveSeconds !== undefined) {
    writer.attributeU16(uapi.WGPEER_A_PERSISTENT_KEEPALIVE_INTERVAL, peer.persistentKeepaliveSeconds)
  }
}

const encodeAllowedIP = (writer: MessageWriter, prefix: string): void => {
  const { address, length } = prefixBytes(prefix)
  writer.nest(0, () => {
    writer.attributeU16(uapi.WGALLOWEDIP_A_FAMILY, address.length === 4 ? uapi.AF_INET : uapi.AF_INET6)
    writer.attributeBytes(uapi.WGALLOWEDIP_A_IPADDR, address)
    writer.attributeU8(uapi.WGALLOWEDIP_A_CIDR_MASK, length)
  })
}

const key = (bytes: Uint8Array): Uint8Array => {
  if (bytes.length !== uapi.WG_KEY_LEN) throw new TypeError(`a WireGuard key of ${bytes.length} bytes`)
  return bytes
}
