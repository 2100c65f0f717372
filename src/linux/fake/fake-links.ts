/** RTM_NEWLINK, RTM_DELLINK and alternative names in the fake: requests in, changed tables out. */
import type { Link } from '../rtnl/index.ts'
import * as uapi from '../uapi/index.ts'
import { encodeLink } from './encode.ts'
import { dropForwarding, followGroup } from './fake-forwarding.ts'
import { changedSettings, fakeLinkKind, newMtu, newSettings } from './fake-link-kinds.ts'
import type { LinkRequest } from './fake-link-request.ts'
import type { FakeNamespace, LinkPlace } from './fake-namespace.ts'
import { linkIsGone, linkWentDown, linkWentUp } from './fake-tables.ts'
import { Refusal } from './refusal.ts'

const ERANGE = 34
const IFF_RUNNING_UP = uapi.IFF_UP | uapi.IFF_RUNNING | uapi.IFF_LOWER_UP
const MAX_MTU_BYTES = 65535

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
    fakeLinkKind(kind)
    const namespace = request.netns === undefined ? here : this.#namespaceOf(request.netns)
    const peerNamespace = peer?.netns === undefined ? here : this.#namespaceOf(peer.netns)
    const name = freeName(namespace, request.name)
    if (kind === 'veth') freeName(peerNamespace, peer?.name)
    const link = putLink(namespace, newLink(namespace, { ...request, name }, here))
    followGroup(namespace, undefined, link)
    if (kind === 'wireguard') namespace.wireguard.set(link.index, emptyDevice(link))
    if (kind === 'veth' && peer) this.#pair(namespace, link, { namespace: peerNamespace, request: peer })
    if (request.up) setUp(namespace, link.index, true)
  }

  #pair(
    namespace: FakeNamespace,
    link: Link,
    peer: { namespace: FakeNamespace; request: LinkRequest },
  ): void {
    const other = newLink(peer.namespace, { ...peer.request, kind: 'veth', up: undefined }, peer.namespace)
    const far = peer.namespace === namespace ? {} : { peerNamespaceId: 0 }
    putLink(peer.namespace, { ...other, peerIndex: link.index, ...far })
    putLink(namespace, { ...link, peerIndex: other.index, ...far })
    namespace.vethEnds.set(link.index, { namespace: peer.namespace, index: other.index })
    peer.namespace.vethEnds.set(other.index, { namespace, index: link.index })
  }

  /** What comes with a move is done on arrival, as in do_setlink(): a refusal there leaves the link moved. */
  #change(namespace: FakeNamespace, link: Link, request: LinkRequest): void {
    if (request.netns === undefined) return this.#changeHere(namespace, link, request)
    const there = this.#namespaceOf(request.netns)
    this.#changeHere(there, moveLink(namespace, link, { to: there, fallbackName: request.name }), request)
  }

  #changeHere(namespace: FakeNamespace, link: Link, request: LinkRequest): void {
    const renamed = request.index > 0 && request.name !== undefined && request.name !== link.name
    const settings = settingsAfter(link, request)
    if ((request.mtuBytes ?? 0) > MAX_MTU_BYTES)
      throw new Refusal(uapi.EINVAL, 'mtu greater than device maximum')
    const changed = putLink(namespace, {
      ...link,
      settings,
      ...(renamed && { name: freeName(namespace, request.name) }),
      ...(request.mtuBytes !== undefined && { mtuBytes: request.mtuBytes }),
      ...(request.hardwareAddress !== undefined && { hardwareAddress: request.hardwareAddress }),
      ...(request.master !== undefined && { master: request.master === 0 ? undefined : request.master }),
    })
    followGroup(namespace, link, changed)
    if (request.up !== undefined && request.up !== link.up) setUp(namespace, link.index, request.up)
  }
}

const settingsAfter = (link: Link, { kind, settings }: LinkRequest): Link['settings'] => {
  if (settings === undefined) return link.settings
  if (kind !== link.kind) throw new Refusal(uapi.EOPNOTSUPP)
  return changedSettings(link.kind, link.settings, settings)
}

const findLink = (namespace: FakeNamespace, { index, name }: LinkRequest): Link | undefined =>
  index > 0 ? namespace.links.get(index) : name === undefined ? undefined : namespace.find(name)

const freeName = (namespace: FakeNamespace, name = ''): string => {
  if (name.length > 15) throw new Refusal(ERANGE, 'Attribute failed policy validation')
  if (name === '') throw new Refusal(uapi.EINVAL)
  if (namespace.find(name)) throw new Refusal(uapi.EEXIST)
  return name
}

/** `here`: where the request came from, and where the link below it is. */
const newLink = (namespace: FakeNamespace, request: LinkRequest, here: FakeNamespace): Link => {
  const { kind = '', name = '', below, mtuBytes, hardwareAddress } = request
  const table = fakeLinkKind(kind)
  const wanted = { ...request.settings, ...(below !== undefined && { link: below }) }
  const others = [...namespace.links.values()].filter((other) => other.kind === kind)
  const settings = newSettings(kind, wanted, others)
  const lower = typeof settings['link'] === 'number' ? here.links.get(settings['link']) : undefined
  if (settings['link'] !== undefined && !lower) throw new Refusal(uapi.ENODEV)
  const index = namespace.nextIndex()
  if (lower) here.stacked.set(lower.index, [...over(here, lower.index), { namespace, index }])
  const serial = index.toString(16).padStart(4, '0')
  const ethernet = table.hardwareType === uapi.ARPHRD_ETHER
  return {
    index,
    name,
    kind,
    up: false,
    flags: table.flags,
    hardwareType: table.hardwareType,
    mtuBytes: mtuBytes ?? newMtu(kind, settings, lower),
    operState: 'down',
    hardwareAddress: ethernet
      ? (hardwareAddress ?? `02:00:00:00:${serial.slice(0, 2)}:${serial.slice(2)}`)
      : undefined,
    master: request.master,
    peerIndex: lower?.index,
    peerNamespaceId: lower && here !== namespace ? 0 : undefined,
    settings,
    altNames: [],
  }
}

const over = (namespace: FakeNamespace, index: number): readonly LinkPlace[] =>
  namespace.stacked.get(index) ?? []

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
  const changed = putLink(namespace, withState(namespace, { ...link, up }))
  const other = namespace.vethEnds.get(index)
  const otherLink = other?.namespace.links.get(other.index)
  if (other && otherLink?.up) putLink(other.namespace, withState(other.namespace, otherLink))
  if (up) linkWentUp(namespace, changed)
  else linkWentDown(namespace, changed)
}

/** A veth has a carrier while both of its ends are up; the others say nothing of theirs. */
const withState = (namespace: FakeNamespace, link: Link): Link => {
  const other = namespace.vethEnds.get(link.index)
  const carrier = other === undefined || other.namespace.links.get(other.index)?.up === true
  const flags = link.flags & ~IFF_RUNNING_UP
  if (!link.up) return { ...link, flags, operState: 'down' }
  if (!carrier) {
    // default_operstate() looks for the other end by its index, and in this namespace alone.
    const operState = link.peerNamespaceId === undefined ? 'lowerlayerdown' : 'down'
    return { ...link, flags: flags | uapi.IFF_UP, operState }
  }
  return { ...link, flags: flags | IFF_RUNNING_UP, operState: other === undefined ? 'unknown' : 'up' }
}

const removeLink = (namespace: FakeNamespace, present: Link, moving = false): void => {
  for (const place of over(namespace, present.index)) {
    const link = place.namespace.links.get(place.index)
    const { goesWith } = fakeLinkKind(link?.kind ?? 'veth')
    if (link && (goesWith === 'deleted or moved' || (goesWith === 'deleted' && !moving)))
      removeLink(place.namespace, link)
  }
  if (present.up) setUp(namespace, present.index, false)
  const link = namespace.links.get(present.index) ?? present
  linkIsGone(namespace, link)
  dropForwarding(namespace, (entry) => entry.linkIndex === link.index)
  namespace.links.delete(link.index)
  namespace.stacked.delete(link.index)
  namespace.vethEnds.delete(link.index)
  namespace.wireguard.delete(link.index)
  for (const other of namespace.links.values()) {
    if (other.master === link.index) putLink(namespace, { ...other, master: undefined })
  }
  namespace.announce(uapi.RTNLGRP_LINK, uapi.RTM_DELLINK, (writer) => encodeLink(writer, link))
}

interface Move {
  readonly to: FakeNamespace
  /** Taken when the own one is in use there. */
  readonly fallbackName: string | undefined
}

/** It arrives down, without addresses, under a new index where its own is taken. */
const moveLink = (from: FakeNamespace, link: Link, { to, fallbackName }: Move): Link => {
  if (fakeLinkKind(link.kind).rooted) throw new Refusal(uapi.EINVAL, 'The interface netns is immutable')
  if (link.altNames.some((name) => to.find(name))) throw new Refusal(uapi.EEXIST)
  const name = to.find(link.name) ? freeName(to, fallbackName ?? link.name) : link.name
  const device = from.wireguard.get(link.index)
  const other = from.vethEnds.get(link.index)
  const entries = from.forwarding.filter(({ linkIndex }) => linkIndex === link.index)
  const above = over(from, link.index)
  removeLink(from, link, true)
  const index = to.links.has(link.index) ? to.nextIndex() : link.index
  const flags = link.flags & ~IFF_RUNNING_UP
  const far = other || link.settings['link'] !== undefined ? { peerNamespaceId: 0 } : {}
  const moved = {
    ...link,
    name,
    index,
    up: false,
    flags,
    operState: 'down',
    master: undefined,
    ...far,
  } as const
  putLink(to, moved)
  to.forwarding = [...to.forwarding, ...entries.map((entry) => ({ ...entry, linkIndex: index }))]
  to.stacked.set(index, above)
  for (const { namespace, index: upper } of above) {
    const stayed = namespace === to ? undefined : namespace.links.get(upper)
    if (stayed) putLink(namespace, { ...stayed, peerIndex: index, peerNamespaceId: 0 })
  }
  followBelow(from, link, { namespace: to, index })
  if (device) to.wireguard.set(index, { ...device, index, name })
  if (other) {
    to.vethEnds.set(index, other)
    other.namespace.vethEnds.set(other.index, { namespace: to, index })
  }
  return moved
}

/** The link below, if it was in the same namespace, has this one over it still. */
const followBelow = (from: FakeNamespace, { index, settings }: Link, place: LinkPlace): void => {
  const { link: below } = settings
  if (typeof below !== 'number') return
  const places = over(from, below).filter((other) => other.namespace !== from || other.index !== index)
  from.stacked.set(below, [...places, place])
}
