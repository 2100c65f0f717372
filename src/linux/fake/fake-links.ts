/** RTM_NEWLINK, RTM_DELLINK and alternative names in the fake: `struct ifinfomsg` requests in, changed tables out. */
import { hardwareAddressText } from '../ip-text.ts'
import { AttributeCursor } from '../netlink/index.ts'
import { IFINFOMSG, type Link } from '../rtnl/index.ts'
import * as uapi from '../uapi/index.ts'
import { encodeLink } from './encode.ts'
import type { FakeNamespace } from './fake-namespace.ts'
import { linkIsGone, linkWentDown, linkWentUp } from './fake-tables.ts'
import { Refusal } from './refusal.ts'

const ERANGE = 34
const IFF_RUNNING_UP = uapi.IFF_UP | uapi.IFF_RUNNING | uapi.IFF_LOWER_UP
const ETHERNET_FLAGS = uapi.IFF_BROADCAST | uapi.IFF_MULTICAST
const WIREGUARD_FLAGS = uapi.IFF_POINTOPOINT | uapi.IFF_NOARP
const KINDS = new Set(['bridge', 'veth', 'dummy', 'wireguard', 'ifb'])
const MAX_MTU_BYTES = 65535

export interface LinkRequest {
  readonly index: number
  /** IFF_UP wanted, if the request says anything about it. */
  readonly up: boolean | undefined
  name?: string
  altNames: string[]
  mtuBytes?: number | undefined
  hardwareAddress?: string
  master?: number | undefined
  netns?: number | undefined
  kind?: string
  peer?: LinkRequest
}

export const decodeLinkRequest = (payload: DataView, start = 0, end = payload.byteLength): LinkRequest => {
  if (end - start < IFINFOMSG.bytes) throw new Refusal(uapi.EINVAL)
  const change = payload.getUint32(start + 12, true)
  const request: LinkRequest = {
    index: payload.getInt32(start + 4, true),
    up: change & uapi.IFF_UP ? (payload.getUint32(start + 8, true) & uapi.IFF_UP) !== 0 : undefined,
    altNames: [],
  }
  const attributes = new AttributeCursor(payload, start + IFINFOMSG.bytes, end)
  while (attributes.next()) decodeAttribute(attributes, request, payload)
  return request
}

const decodeAttribute = (attribute: AttributeCursor, request: LinkRequest, payload: DataView): void => {
  switch (attribute.type) {
    case uapi.IFLA_IFNAME:
    case uapi.IFLA_ALT_IFNAME:
      request.name = attribute.string()
      break
    case uapi.IFLA_MTU:
      request.mtuBytes = attribute.u32()
      break
    case uapi.IFLA_ADDRESS:
      request.hardwareAddress = hardwareAddressText(attribute.bytes())
      break
    case uapi.IFLA_MASTER:
      request.master = attribute.u32()
      break
    case uapi.IFLA_NET_NS_FD:
      request.netns = attribute.u32()
      break
    case uapi.IFLA_PROP_LIST: {
      const list = attribute.nested()
      while (list.next()) request.altNames.push(list.string())
      break
    }
    case uapi.IFLA_LINKINFO:
      decodeLinkInfo(attribute.nested(), request, payload)
      break
  }
}

const decodeLinkInfo = (info: AttributeCursor, request: LinkRequest, payload: DataView): void => {
  while (info.next()) {
    if (info.type === uapi.IFLA_INFO_KIND) request.kind = info.string()
    if (info.type !== uapi.IFLA_INFO_DATA) continue
    const data = info.nested()
    while (data.next()) {
      if (data.type === uapi.VETH_INFO_PEER) {
        request.peer = decodeLinkRequest(payload, data.offset, data.offset + data.length)
      }
    }
  }
}

export class FakeLinks {
  readonly #namespaceOf: (fd: number) => FakeNamespace

  constructor(namespaceOf: (fd: number) => FakeNamespace) {
    this.#namespaceOf = namespaceOf
  }

  newLink(namespace: FakeNamespace, request: LinkRequest, flags: number): void {
    const existing = findLink(namespace, request)
    if (existing && flags & uapi.NLM_F_EXCL) throw new Refusal(uapi.EEXIST)
    if (existing) this.#change(namespace, existing, request)
    else if (flags & uapi.NLM_F_CREATE) this.#create(namespace, request)
    else throw new Refusal(uapi.ENODEV)
  }

  deleteLink(namespace: FakeNamespace, request: LinkRequest): void {
    const link = findLink(namespace, request)
    if (!link) throw new Refusal(uapi.ENODEV)
    if (link.index === 1) throw new Refusal(uapi.EOPNOTSUPP)
    const other = namespace.vethEnds.get(link.index)
    removeLink(namespace, link)
    const otherLink = other?.namespace.links.get(other.index)
    if (other && otherLink) removeLink(other.namespace, otherLink)
  }

  altNames(namespace: FakeNamespace, request: LinkRequest, adding: boolean): void {
    const link = findLink(namespace, request)
    if (!link) throw new Refusal(uapi.ENODEV)
    for (const name of request.altNames) {
      if (adding && namespace.find(name)) throw new Refusal(uapi.EEXIST)
      if (!adding && !link.altNames.includes(name)) throw new Refusal(uapi.EINVAL)
    }
    const kept = link.altNames.filter((name) => !request.altNames.includes(name))
    putLink(namespace, { ...link, altNames: adding ? [...link.altNames, ...request.altNames] : kept })
  }

  #create(here: FakeNamespace, request: LinkRequest): void {
    const { kind = '', peer } = request
    if (!KINDS.has(kind)) throw new Refusal(uapi.EOPNOTSUPP, 'Unknown device type')
    const namespace = request.netns === undefined ? here : this.#namespaceOf(request.netns)
    const peerNamespace = peer?.netns === undefined ? here : this.#namespaceOf(peer.netns)
    const name = freeName(namespace, request.name)
    if (kind === 'veth') freeName(peerNamespace, peer?.name)
    const link = putLink(namespace, newLink(namespace, { ...request, name }))
    if (kind === 'wireguard') namespace.wireguard.set(link.index, emptyDevice(link))
    if (kind === 'veth' && peer) this.#pair(namespace, link, { namespace: peerNamespace, request: peer })
    if (request.up) setUp(namespace, link.index, true)
  }

  #pair(
    namespace: FakeNamespace,
    link: Link,
    peer: { namespace: FakeNamespace; request: LinkRequest },
  ): void {
    const other = newLink(peer.namespace, { ...peer.request, kind: 'veth', up: undefined })
    const far = peer.namespace === namespace ? {} : { peerNamespaceId: 0 }
    putLink(peer.namespace, { ...other, peerIndex: link.index, ...far })
    putLink(namespace, { ...link, peerIndex: other.index, ...far })
    namespace.vethEnds.set(link.index, { namespace: peer.namespace, index: other.index })
    peer.namespace.vethEnds.set(other.index, { namespace, index: link.index })
  }

  #change(namespace: FakeNamespace, link: Link, request: LinkRequest): void {
    const renamed = request.index > 0 && request.name !== undefined && request.name !== link.name
    if (request.netns !== undefined) return moveLink(namespace, link, this.#namespaceOf(request.netns))
    if ((request.mtuBytes ?? 0) > MAX_MTU_BYTES)
      throw new Refusal(uapi.EINVAL, 'mtu greater than device maximum')
    putLink(namespace, {
      ...link,
      ...(renamed && { name: freeName(namespace, request.name) }),
      ...(request.mtuBytes !== undefined && { mtuBytes: request.mtuBytes }),
      ...(request.hardwareAddress !== undefined && { hardwareAddress: request.hardwareAddress }),
      ...(request.master !== undefined && { master: request.master === 0 ? undefined : request.master }),
    })
    if (request.up !== undefined && request.up !== link.up) setUp(namespace, link.index, request.up)
  }
}

const findLink = (namespace: FakeNamespace, { index, name }: LinkRequest): Link | undefined =>
  index > 0 ? namespace.links.get(index) : name === undefined ? undefined : namespace.find(name)

const freeName = (namespace: FakeNamespace, name = ''): string => {
  if (name.length > 15) throw new Refusal(ERANGE, 'Attribute failed policy validation')
  if (name === '') throw new Refusal(uapi.EINVAL)
  if (namespace.find(name)) throw new Refusal(uapi.EEXIST)
  return name
}

const newLink = (namespace: FakeNamespace, request: LinkRequest): Link => {
  const index = namespace.nextIndex()
  const wireguard = request.kind === 'wireguard'
  const serial = index.toString(16).padStart(4, '0')
  return {
    index,
    name: request.name ?? '',
    kind: request.kind ?? '',
    up: false,
    flags: wireguard ? WIREGUARD_FLAGS : ETHERNET_FLAGS,
    hardwareType: wireguard ? uapi.ARPHRD_NONE : uapi.ARPHRD_ETHER,
    mtuBytes: request.mtuBytes ?? (wireguard ? 1420 : 1500),
    hardwareAddress: wireguard
      ? undefined
      : (request.hardwareAddress ?? `02:00:00:00:${serial.slice(0, 2)}:${serial.slice(2)}`),
    master: request.master,
    peerIndex: undefined,
    peerNamespaceId: undefined,
    operState: 'down',
    settings: {},
    altNames: [],
  }
}

const emptyDevice = ({ index, name }: Link) => ({
  index,
  name,
  privateKey: undefined,
  publicKey: undefined,
  listenPort: 0,
  fwmark: 0,
  peers: [],
})

const putLink = (namespace: FakeNamespace, link: Link): Link => {
  namespace.links.set(link.index, link)
  namespace.announce(uapi.RTNLGRP_LINK, uapi.RTM_NEWLINK, (writer) => encodeLink(writer, link))
  return link
}

const setUp = (namespace: FakeNamespace, index: number, up: boolean): void => {
  const link = namespace.links.get(index)
  if (!link) return
  const flags = up ? link.flags | IFF_RUNNING_UP : link.flags & ~IFF_RUNNING_UP
  const changed = putLink(namespace, { ...link, up, flags })
  if (up) linkWentUp(namespace, changed)
  else linkWentDown(namespace, changed)
}

const removeLink = (namespace: FakeNamespace, present: Link): void => {
  if (present.up) setUp(namespace, present.index, false)
  const link = namespace.links.get(present.index) ?? present
  linkIsGone(namespace, link)
  namespace.links.delete(link.index)
  namespace.vethEnds.delete(link.index)
  namespace.wireguard.delete(link.index)
  for (const other of namespace.links.values()) {
    if (other.master === link.index) putLink(namespace, { ...other, master: undefined })
  }
  namespace.announce(uapi.RTNLGRP_LINK, uapi.RTM_DELLINK, (writer) => encodeLink(writer, link))
}

/** It arrives down, without addresses, under a new index where its own is taken. */
const moveLink = (from: FakeNamespace, link: Link, to: FakeNamespace): void => {
  const device = from.wireguard.get(link.index)
  const other = from.vethEnds.get(link.index)
  removeLink(from, link)
  const index = to.links.has(link.index) ? to.nextIndex() : link.index
  const flags = link.flags & ~IFF_RUNNING_UP
  putLink(to, { ...link, name: freeName(to, link.name), index, up: false, flags, master: undefined })
  if (device) to.wireguard.set(index, { ...device, index })
  if (!other) return
  to.vethEnds.set(index, other)
  other.namespace.vethEnds.set(other.index, { namespace: to, index })
}
