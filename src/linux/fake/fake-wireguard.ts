/**
 * The kernel's WireGuard in the fake: WG_CMD_SET_DEVICE and WG_CMD_GET_DEVICE, without any traffic. Keys are
 * clamped, an allowed IP belongs to one peer of an interface, and a dump comes in parts, as with the real one.
 */
import { createPrivateKey, createPublicKey } from 'node:crypto'
import { GENLMSGHDR_BYTES, type WgDevice, type WgEndpoint, type WgPeer } from '../genl/index.ts'
import { encodeGenericHeader } from '../genl/index.ts'
import { formatPrefix, prefixBytes } from '../ip-text.ts'
import { AttributeCursor, type MessageWriter } from '../netlink/index.ts'
import { decodeSocketAddress, encodeSocketAddress } from '../socket-address.ts'
import * as uapi from '../uapi/index.ts'
import type { FakeNamespace } from './fake-namespace.ts'
import { Refusal } from './refusal.ts'

/** Few enough that the parts of a dump are merged in tests too. */
const ALLOWED_IPS_PER_PART = 16
/** PKCS #8 around an X25519 private key (RFC 8410). */
const PKCS8_X25519 = Buffer.from('302e020100300506032b656e04220420', 'hex')

type Mutable<T> = { -readonly [K in keyof T]: T[K] }

interface PeerRequest {
  publicKey?: Uint8Array | undefined
  flags: number
  presharedKey?: Uint8Array | undefined
  endpoint?: WgEndpoint | undefined
  keepalive?: number | undefined
  allowedIPs: string[]
}

interface DeviceRequest {
  name?: string
  index?: number | undefined
  flags: number
  privateKey?: Uint8Array | undefined
  listenPort?: number | undefined
  fwmark?: number | undefined
  peers: PeerRequest[]
}

export const setWireGuard = (namespace: FakeNamespace, payload: DataView): void => {
  const request = decodeDevice(payload)
  const device = findDevice(namespace, request)
  const changed: Mutable<WgDevice> = {
    ...device,
    peers: request.flags & uapi.WGDEVICE_F_REPLACE_PEERS ? [] : device.peers,
  }
  if (request.privateKey) Object.assign(changed, keyPair(request.privateKey))
  if (request.listenPort !== undefined) changed.listenPort = request.listenPort || 32768 + device.index
  if (request.fwmark !== undefined) changed.fwmark = request.fwmark
  for (const peer of request.peers) changed.peers = applyPeer(changed, peer)
  namespace.wireguard.set(device.index, changed)
}

/** The messages of a dump, each as a function that writes it. */
export const dumpWireGuard = (
  namespace: FakeNamespace,
  payload: DataView,
): ((writer: MessageWriter) => void)[] => {
  const device = findDevice(namespace, decodeDevice(payload))
  const pieces = device.peers.flatMap((peer) => splitPeer(peer))
  const [first, ...rest] = pieces
  return [
    (writer) => {
      encodeGenericHeader(writer, uapi.WG_CMD_GET_DEVICE, uapi.WG_GENL_VERSION)
      encodeDevice(writer, device)
      encodePeers(writer, first ? [first] : [])
    },
    ...rest.map((piece) => (writer: MessageWriter) => {
      encodeGenericHeader(writer, uapi.WG_CMD_GET_DEVICE, uapi.WG_GENL_VERSION)
      writer.attributeString(uapi.WGDEVICE_A_IFNAME, device.name)
      encodePeers(writer, [piece])
    }),
  ]
}

const findDevice = (namespace: FakeNamespace, { name, index }: DeviceRequest): WgDevice => {
  const link = namespace.find(name ?? index ?? 0)
  if (!link) throw new Refusal(uapi.ENODEV)
  const device = namespace.wireguard.get(link.index)
  if (!device) throw new Refusal(uapi.EOPNOTSUPP)
  return { ...device, name: link.name }
}

const keyPair = (privateKey: Uint8Array): Pick<WgDevice, 'privateKey' | 'publicKey'> => {
  if (privateKey.every((byte) => byte === 0)) return { privateKey: undefined, publicKey: undefined }
  const clamped = Uint8Array.from(privateKey)
  clamped[0] = (clamped[0] ?? 0) & 248
  clamped[31] = ((clamped[31] ?? 0) & 127) | 64
  const key = createPrivateKey({ key: Buffer.concat([PKCS8_X25519, clamped]), format: 'der', type: 'pkcs8' })
  const { x = '' } = createPublicKey(key).export({ format: 'jwk' })
  return { privateKey: clamped, publicKey: Uint8Array.from(Buffer.from(x, 'base64url')) }
}

const sameKey = (a: Uint8Array, b: Uint8Array): boolean => Buffer.compare(a, b) === 0

const applyPeer = (device: WgDevice, request: PeerRequest): readonly WgPeer[] => {
  const { publicKey, flags } = request
  if (!publicKey) throw new Refusal(uapi.EINVAL)
  const existing = device.peers.find((peer) => sameKey(peer.publicKey, publicKey))
  const others = device.peers.filter((peer) => peer !== existing)
  if (flags & uapi.WGPEER_F_REMOVE_ME) return others
  // A peer with the device's own key is left out without a word.
  if (
    !existing &&
    (flags & uapi.WGPEER_F_UPDATE_ONLY || (device.publicKey && sameKey(device.publicKey, publicKey)))
  ) {
    return device.peers
  }
  const changed = changePeer(existing ?? newPeer(publicKey), request)
  const taken = new Set(request.allowedIPs)
  const strip = (peer: WgPeer): WgPeer =>
    peer.allowedIPs.some((prefix) => taken.has(prefix))
      ? { ...peer, allowedIPs: peer.allowedIPs.filter((prefix) => !taken.has(prefix)) }
      : peer
  return existing
    ? device.peers.map((peer) => (peer === existing ? changed : strip(peer)))
    : [...others.map(strip), changed]
}

const newPeer = (publicKey: Uint8Array): WgPeer => ({
  publicKey,
  presharedKey: undefined,
  endpoint: undefined,
  persistentKeepaliveSeconds: 0,
  lastHandshakeMs: undefined,
  rxBytes: 0,
  txBytes: 0,
  allowedIPs: [],
})

const changePeer = (peer: WgPeer, request: PeerRequest): WgPeer => {
  const { presharedKey, endpoint, keepalive, flags } = request
  const kept = flags & uapi.WGPEER_F_REPLACE_ALLOWEDIPS ? [] : peer.allowedIPs
  return {
    ...peer,
    ...(presharedKey && { presharedKey: presharedKey.some((byte) => byte !== 0) ? presharedKey : undefined }),
    ...(endpoint && { endpoint }),
    ...(keepalive !== undefined && { persistentKeepaliveSeconds: keepalive }),
    allowedIPs: [...new Set([...kept, ...request.allowedIPs])],
  }
}

const decodeDevice = (payload: DataView): DeviceRequest => {
  const request: DeviceRequest = { flags: 0, peers: [] }
  const attributes = new AttributeCursor(payload, GENLMSGHDR_BYTES)
  while (attributes.next()) {
    if (attributes.type === uapi.WGDEVICE_A_IFNAME) request.name = attributes.string()
    else if (attributes.type === uapi.WGDEVICE_A_IFINDEX) request.index = attributes.u32()
    else if (attributes.type === uapi.WGDEVICE_A_FLAGS) request.flags = attributes.u32() ?? 0
    else if (attributes.type === uapi.WGDEVICE_A_PRIVATE_KEY) request.privateKey = attributes.exactly(32)
    else if (attributes.type === uapi.WGDEVICE_A_LISTEN_PORT) request.listenPort = attributes.u16()
    else if (attributes.type === uapi.WGDEVICE_A_FWMARK) request.fwmark = attributes.u32()
    else if (attributes.type === uapi.WGDEVICE_A_PEERS) {
      const list = attributes.nested()
      while (list.next()) request.peers.push(decodePeer(list.nested()))
    }
  }
  return request
}

const decodePeer = (attributes: AttributeCursor): PeerRequest => {
  const peer: PeerRequest = { flags: 0, allowedIPs: [] }
  while (attributes.next()) {
    if (attributes.type === uapi.WGPEER_A_PUBLIC_KEY) peer.publicKey = attributes.exactly(32)
    else if (attributes.type === uapi.WGPEER_A_FLAGS) peer.flags = attributes.u32() ?? 0
    else if (attributes.type === uapi.WGPEER_A_PRESHARED_KEY) peer.presharedKey = attributes.exactly(32)
    else if (attributes.type === uapi.WGPEER_A_ENDPOINT)
      peer.endpoint = decodeSocketAddress(attributes.bytes())
    else if (attributes.type === uapi.WGPEER_A_PERSISTENT_KEEPALIVE_INTERVAL)
      peer.keepalive = attributes.u16()
    else if (attributes.type === uapi.WGPEER_A_ALLOWEDIPS) {
      const list = attributes.nested()
      while (list.next()) peer.allowedIPs.push(decodeAllowedIP(list.nested()))
    }
  }
  return peer
}

const decodeAllowedIP = (attributes: AttributeCursor): string => {
  let address = new Uint8Array()
  let length = 0
  while (attributes.next()) {
    if (attributes.type === uapi.WGALLOWEDIP_A_IPADDR) address = attributes.bytes().slice()
    else if (attributes.type === uapi.WGALLOWEDIP_A_CIDR_MASK) length = attributes.u8() ?? 0
  }
  const prefix = formatPrefix(address, length)
  if (prefix === undefined) throw new Refusal(uapi.EINVAL)
  return prefix
}

interface PeerPiece {
  readonly peer: WgPeer
  readonly continued: boolean
  readonly allowedIPs: readonly string[]
}

const splitPeer = (peer: WgPeer): PeerPiece[] => {
  const pieces: PeerPiece[] = []
  for (let at = 0; at === 0 || at < peer.allowedIPs.length; at += ALLOWED_IPS_PER_PART) {
    pieces.push({ peer, continued: at > 0, allowedIPs: peer.allowedIPs.slice(at, at + ALLOWED_IPS_PER_PART) })
  }
  return pieces
}

const encodeDevice = (writer: MessageWriter, device: WgDevice): void => {
  writer
    .attributeU32(uapi.WGDEVICE_A_IFINDEX, device.index)
    .attributeString(uapi.WGDEVICE_A_IFNAME, device.name)
  if (device.privateKey) writer.attributeBytes(uapi.WGDEVICE_A_PRIVATE_KEY, device.privateKey)
  if (device.publicKey) writer.attributeBytes(uapi.WGDEVICE_A_PUBLIC_KEY, device.publicKey)
  writer.attributeU16(uapi.WGDEVICE_A_LISTEN_PORT, device.listenPort)
  writer.attributeU32(uapi.WGDEVICE_A_FWMARK, device.fwmark)
}

const encodePeers = (writer: MessageWriter, pieces: readonly PeerPiece[]): void => {
  writer.nest(uapi.WGDEVICE_A_PEERS, () => {
    for (const piece of pieces) writer.nest(0, () => encodePeer(writer, piece))
  })
}

const encodePeer = (writer: MessageWriter, { peer, continued, allowedIPs }: PeerPiece): void => {
  writer.attributeBytes(uapi.WGPEER_A_PUBLIC_KEY, peer.publicKey)
  if (!continued) encodePeerValues(writer, peer)
  writer.nest(uapi.WGPEER_A_ALLOWEDIPS, () => {
    for (const prefix of allowedIPs) {
      const { address, length } = prefixBytes(prefix)
      writer.nest(0, () => {
        writer.attributeU8(uapi.WGALLOWEDIP_A_CIDR_MASK, length)
        writer.attributeU16(uapi.WGALLOWEDIP_A_FAMILY, address.length === 4 ? uapi.AF_INET : uapi.AF_INET6)
        writer.attributeBytes(uapi.WGALLOWEDIP_A_IPADDR, address)
      })
    }
  })
}

const encodePeerValues = (writer: MessageWriter, peer: WgPeer): void => {
  writer.attributeBytes(uapi.WGPEER_A_PRESHARED_KEY, peer.presharedKey ?? new Uint8Array(32))
  if (peer.endpoint) writer.attributeBytes(uapi.WGPEER_A_ENDPOINT, encodeSocketAddress(peer.endpoint))
  writer.attributeU16(uapi.WGPEER_A_PERSISTENT_KEEPALIVE_INTERVAL, peer.persistentKeepaliveSeconds)
  const time = new DataView(new ArrayBuffer(16))
  const ms = peer.lastHandshakeMs ?? 0
  time.setBigInt64(0, BigInt(Math.floor(ms / 1000)), true)
  time.setBigInt64(8, BigInt((ms % 1000) * 1e6), true)
  writer.attributeBytes(uapi.WGPEER_A_LAST_HANDSHAKE_TIME, new Uint8Array(time.buffer))
  writer.attributeU64(uapi.WGPEER_A_RX_BYTES, BigInt(peer.rxBytes))
  writer.attributeU64(uapi.WGPEER_A_TX_BYTES, BigInt(peer.txBytes))
  writer.attributeU32(uapi.WGPEER_A_PROTOCOL_VERSION, 1)
}
