/**
 * WG_CMD_GET_DEVICE: the kernel's answer, in as many messages as it takes, to one device (<linux/wireguard.h>).
 *
 * Later messages carry only the name and more peers; a peer whose allowed IPs did not fit comes again, right
 * after, with its key and the rest of them.
 */
import { formatPrefix } from '../ip-text.ts'
import { AttributeCursor, type MessageWriter, type NetlinkMessage } from '../netlink/index.ts'
import { decodeSocketAddress } from '../socket-address.ts'
import * as uapi from '../uapi/index.ts'
import { encodeGenericHeader, GENLMSGHDR_BYTES } from './generic-netlink.ts'
import type { WgDevice, WgPeer } from './wireguard-device.ts'

type Mutable<T> = { -readonly [K in keyof T]: T[K] }
type PeerDraft = Mutable<Omit<WgPeer, 'allowedIPs'>> & { allowedIPs: string[] }
type DeviceDraft = Mutable<Omit<WgDevice, 'peers'>> & { peers: PeerDraft[] }

export const encodeGetDevice = (writer: MessageWriter, link: string): void => {
  encodeGenericHeader(writer, uapi.WG_CMD_GET_DEVICE, uapi.WG_GENL_VERSION)
  writer.attributeString(uapi.WGDEVICE_A_IFNAME, link)
}

/** What one message of the dump says. */
export const decodeDevicePart = ({ payload }: NetlinkMessage): WgDevice | undefined => {
  if (payload.byteLength < GENLMSGHDR_BYTES) return undefined
  const device: DeviceDraft = {
    index: 0,
    name: '',
    privateKey: undefined,
    publicKey: undefined,
    listenPort: 0,
    fwmark: 0,
    peers: [],
  }
  const attributes = new AttributeCursor(payload, GENLMSGHDR_BYTES)
  while (attributes.next()) decodeDeviceAttribute(attributes, device)
  return device
}

/** One device from the parts of a dump; undefined without any. */
export const mergeDeviceParts = (parts: readonly WgDevice[]): WgDevice | undefined => {
  const [first] = parts
  if (!first) return undefined
  const peers: PeerDraft[] = []
  for (const peer of parts.flatMap((part) => part.peers)) {
    const last = peers.at(-1)
    if (last && sameKey(last.publicKey, peer.publicKey)) last.allowedIPs.push(...peer.allowedIPs)
    else peers.push({ ...peer, allowedIPs: [...peer.allowedIPs] })
  }
  return { ...first, peers }
}

const sameKey = (a: Uint8Array, b: Uint8Array): boolean => a.every((byte, index) => byte === b[index])

const decodeDeviceAttribute = (attribute: AttributeCursor, device: DeviceDraft): void => {
  switch (attribute.type) {
    case uapi.WGDEVICE_A_IFINDEX:
      device.index = attribute.u32() ?? 0
      break
    case uapi.WGDEVICE_A_IFNAME:
      device.name = attribute.string()
      break
    case uapi.WGDEVICE_A_PRIVATE_KEY:
      device.privateKey = attribute.exactly(uapi.WG_KEY_LEN)
      break
    case uapi.WGDEVICE_A_PUBLIC_KEY:
      device.publicKey = attribute.exactly(uapi.WG_KEY_LEN)
      break
    case uapi.WGDEVICE_A_LISTEN_PORT:
      device.listenPort = attribute.u16() ?? 0
      break
    case uapi.WGDEVICE_A_FWMARK:
      device.fwmark = attribute.u32() ?? 0
      break
    case uapi.WGDEVICE_A_PEERS: {
      const list = attribute.nested()
      while (list.next()) {
        const peer = decodePeer(list.nested())
        if (peer) device.peers.push(peer)
      }
      break
    }
  }
}

const decodePeer = (attributes: AttributeCursor): PeerDraft | undefined => {
  let publicKey: Uint8Array | undefined
  const rest: Omit<PeerDraft, 'publicKey'> = {
    presharedKey: undefined,
    endpoint: undefined,
    persistentKeepaliveSeconds: 0,
    lastHandshakeMs: undefined,
    rxBytes: 0,
    txBytes: 0,
    allowedIPs: [],
  }
  while (attributes.next()) {
    if (attributes.type === uapi.WGPEER_A_PUBLIC_KEY) publicKey = attributes.exactly(uapi.WG_KEY_LEN)
    else decodePeerAttribute(attributes, rest)
  }
  return publicKey && { publicKey, ...rest }
}

const decodePeerAttribute = (attribute: AttributeCursor, peer: Omit<PeerDraft, 'publicKey'>): void => {
  switch (attribute.type) {
    case uapi.WGPEER_A_PRESHARED_KEY: {
      const key = attribute.exactly(uapi.WG_KEY_LEN)
      peer.presharedKey = key?.some((byte) => byte !== 0) ? key : undefined
      break
    }
    case uapi.WGPEER_A_ENDPOINT:
      peer.endpoint = decodeSocketAddress(attribute.bytes())
      break
    case uapi.WGPEER_A_PERSISTENT_KEEPALIVE_INTERVAL:
      peer.persistentKeepaliveSeconds = attribute.u16() ?? 0
      break
    case uapi.WGPEER_A_LAST_HANDSHAKE_TIME:
      peer.lastHandshakeMs = decodeTime(attribute.bytes())
      break
    case uapi.WGPEER_A_RX_BYTES:
      peer.rxBytes = Number(attribute.u64() ?? 0n)
      break
    case uapi.WGPEER_A_TX_BYTES:
      peer.txBytes = Number(attribute.u64() ?? 0n)
      break
    case uapi.WGPEER_A_ALLOWEDIPS: {
      const list = attribute.nested()
      while (list.next()) {
        const prefix = decodeAllowedIP(list.nested())
        if (prefix !== undefined) peer.allowedIPs.push(prefix)
      }
      break
    }
  }
}

/** `struct __kernel_timespec`: seconds i64, nanoseconds i64. All zero: never. */
const decodeTime = (bytes: Uint8Array): number | undefined => {
  if (bytes.length !== 16) return undefined
  const view = new DataView(bytes.buffer, bytes.byteOffset, 16)
  const seconds = Number(view.getBigInt64(0, true))
  const nanoseconds = Number(view.getBigInt64(8, true))
  return seconds === 0 && nanoseconds === 0 ? undefined : seconds * 1000 + Math.floor(nanoseconds / 1e6)
}

const decodeAllowedIP = (attributes: AttributeCursor): string | undefined => {
  let family: number | undefined
  let address: Uint8Array | undefined
  let length: number | undefined
  while (attributes.next()) {
    if (attributes.type === uapi.WGALLOWEDIP_A_FAMILY) family = attributes.u16()
    else if (attributes.type === uapi.WGALLOWEDIP_A_IPADDR) address = attributes.bytes()
    else if (attributes.type === uapi.WGALLOWEDIP_A_CIDR_MASK) length = attributes.u8()
  }
  const size = family === uapi.AF_INET ? 4 : family === uapi.AF_INET6 ? 16 : undefined
  return address?.length === size && address && length !== undefined
    ? formatPrefix(address, length)
    : undefined
}
