/**
 * RTM_NEWLINK and its kin: `struct ifinfomsg` and IFLA_* attributes (<linux/if_link.h>).
 *
 *   ifinfomsg   family u8 | pad u8 | type u16 | index i32 | flags u32 | change mask u32      16 bytes
 */
import { hardwareAddressBytes, hardwareAddressText } from '../ip-text.ts'
import { AttributeCursor, type MessageWriter, type NetlinkMessage } from '../netlink/index.ts'
import * as uapi from '../uapi/index.ts'
import { decodeSettings, encodeSettings, linkKindTable, type LinkSettings } from './kinds/index.ts'
import type { Link, LinkChange, LinkSpec, OperState, VethPeerSpec } from './route-kernel.ts'

export const IFINFOMSG = { bytes: 16, prefix: 'IFLA_' } as const

/** A link in a request: by index, or by name when the index is 0. */
export interface LinkTarget {
  readonly index: number
  readonly name?: string
}

export interface LinkHeader {
  readonly family?: number
  readonly hardwareType?: number
  readonly index?: number
  readonly flags?: number
  readonly change?: number
}

export const encodeLinkHeader = (writer: MessageWriter, header: LinkHeader): void => {
  writer
    .u8(header.family ?? uapi.AF_UNSPEC)
    .u8(0)
    .u16(header.hardwareType ?? 0)
  writer
    .i32(header.index ?? 0)
    .u32(header.flags ?? 0)
    .u32(header.change ?? 0)
}

/** What was a name, as the index it stands for now. */
export interface ResolvedLinks {
  readonly master?: number | undefined
  /** With `link` as an index, and with everything that has to go along. */
  readonly settings?: LinkSettings | undefined
}

export const encodeLinkSpec = (
  writer: MessageWriter,
  spec: LinkSpec,
  { master, settings = {} }: ResolvedLinks,
): void => {
  const up = spec.up === true ? uapi.IFF_UP : 0
  encodeLinkHeader(writer, { flags: up, change: up })
  writer.attributeString(uapi.IFLA_IFNAME, spec.name)
  encodeProperties(writer, spec)
  if (master !== undefined) writer.attributeU32(uapi.IFLA_MASTER, master)
  const { link } = settings
  if (typeof link === 'number' && linkKindTable(spec.kind).stacked) writer.attributeU32(uapi.IFLA_LINK, link)
  encodeLinkInfo(writer, { kind: spec.kind, settings, peer: spec.peer })
}

interface LinkInfo {
  readonly kind: string
  readonly settings: LinkSettings
  readonly peer?: VethPeerSpec | undefined
}

const encodeLinkInfo = (writer: MessageWriter, { kind, settings, peer }: LinkInfo): void => {
  writer.nest(uapi.IFLA_LINKINFO, () => {
    writer.attributeString(uapi.IFLA_INFO_KIND, kind)
    if (!peer && Object.keys(settings).length === 0) return
    writer.nest(uapi.IFLA_INFO_DATA, () => {
      encodeSettings(writer, kind, settings)
      if (!peer) return
      writer.nest(uapi.VETH_INFO_PEER, () => {
        encodeLinkHeader(writer, {})
        writer.attributeString(uapi.IFLA_IFNAME, peer.name)
        encodeProperties(writer, peer)
      })
    })
  })
}

export const encodeLinkChange = (
  writer: MessageWriter,
  target: LinkTarget,
  { change, master, settings }: ResolvedLinks & { readonly change: LinkChange },
): void => {
  encodeLinkHeader(writer, {
    index: target.index,
    flags: change.up === true ? uapi.IFF_UP : 0,
    change: change.up === undefined ? 0 : uapi.IFF_UP,
  })
  // With an index, IFLA_IFNAME is the new name; without, it says which link is meant.
  const name = target.index === 0 ? target.name : change.name
  if (name !== undefined) writer.attributeString(uapi.IFLA_IFNAME, name)
  encodeProperties(writer, change)
  if (master !== undefined) writer.attributeU32(uapi.IFLA_MASTER, master)
  if (change.kind !== undefined && settings) encodeLinkInfo(writer, { kind: change.kind, settings })
}

export const encodeAltNames = (writer: MessageWriter, target: LinkTarget, names: readonly string[]): void => {
  encodeLinkTarget(writer, target)
  writer.nest(uapi.IFLA_PROP_LIST, () => {
    for (const name of names) writer.attributeString(uapi.IFLA_ALT_IFNAME, name)
  })
}

export const encodeLinkTarget = (writer: MessageWriter, target: LinkTarget): void => {
  encodeLinkHeader(writer, { index: target.index })
  if (target.index === 0 && target.name !== undefined) writer.attributeString(uapi.IFLA_IFNAME, target.name)
}

interface Properties {
  readonly mtuBytes?: number
  readonly hardwareAddress?: string
  readonly netns?: number
}

const encodeProperties = (writer: MessageWriter, { mtuBytes, hardwareAddress, netns }: Properties): void => {
  if (mtuBytes !== undefined) writer.attributeU32(uapi.IFLA_MTU, mtuBytes)
  if (hardwareAddress !== undefined)
    writer.attributeBytes(uapi.IFLA_ADDRESS, hardwareAddressBytes(hardwareAddress))
  if (netns !== undefined) writer.attributeU32(uapi.IFLA_NET_NS_FD, netns)
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] }

/**
 * Undefined for what is not a link of this namespace: bridge ports are announced a second time with family
 * AF_BRIDGE, and such a "deletion" only means that the port left its bridge.
 */
export const decodeLink = ({ payload }: NetlinkMessage): Link | undefined => {
  if (payload.byteLength < IFINFOMSG.bytes || payload.getUint8(0) !== uapi.AF_UNSPEC) return undefined
  const flags = payload.getUint32(8, true)
  const altNames: string[] = []
  const link: Mutable<Link> = {
    index: payload.getInt32(4, true),
    name: '',
    kind: '',
    up: (flags & uapi.IFF_UP) !== 0,
    flags,
    hardwareType: payload.getUint16(2, true),
    mtuBytes: 0,
    operState: 'unknown',
    hardwareAddress: undefined,
    master: undefined,
    peerIndex: undefined,
    peerNamespaceId: undefined,
    settings: {},
    altNames,
  }
  const attributes = new AttributeCursor(payload, IFINFOMSG.bytes)
  while (attributes.next()) decodeLinkAttribute(attributes, link, altNames)
  if (link.name === '' || link.index <= 0) return undefined
  link.settings = settingsHere(link)
  return link
}

/** What the kind's table adds; `link` only if it is an index of this namespace. */
const settingsHere = ({ kind, settings, peerIndex, peerNamespaceId }: Link): LinkSettings => {
  const { stacked = false, unsaid = {} } = linkKindTable(kind)
  const { link = stacked ? peerIndex : undefined, ...rest } = settings
  return { ...unsaid, ...rest, ...(peerNamespaceId === undefined && link !== undefined && { link }) }
}

const decodeLinkAttribute = (attribute: AttributeCursor, link: Mutable<Link>, altNames: string[]): void => {
  switch (attribute.type) {
    case uapi.IFLA_IFNAME:
      link.name = attribute.string()
      break
    case uapi.IFLA_MTU:
      link.mtuBytes = attribute.u32() ?? 0
      break
    case uapi.IFLA_ADDRESS:
      if (attribute.length > 0) link.hardwareAddress = hardwareAddressText(attribute.bytes())
      break
    case uapi.IFLA_MASTER:
      link.master = attribute.u32()
      break
    case uapi.IFLA_LINK:
      // Tunnels say 0 where there is nothing below them.
      link.peerIndex = attribute.u32() || undefined
      break
    case uapi.IFLA_LINK_NETNSID:
      link.peerNamespaceId = attribute.i32()
      break
    case uapi.IFLA_OPERSTATE:
      link.operState = OPER_STATES[attribute.u8() ?? 0] ?? 'unknown'
      break
    case uapi.IFLA_LINKINFO:
      decodeLinkInfo(attribute.nested(), link)
      break
    case uapi.IFLA_PROP_LIST: {
      const properties = attribute.nested()
      while (properties.next())
        if (properties.type === uapi.IFLA_ALT_IFNAME) altNames.push(properties.string())
      break
    }
  }
}

/** The kernel says the kind before its data. */
const decodeLinkInfo = (info: AttributeCursor, link: Mutable<Link>): void => {
  while (info.next()) {
    if (info.type === uapi.IFLA_INFO_KIND) link.kind = info.string()
    else if (info.type === uapi.IFLA_INFO_DATA) link.settings = decodeSettings(link.kind, info.nested())
  }
}

/** IF_OPER_* of <linux/if.h>, by number. */
export const OPER_STATES: readonly OperState[] = [
  ...(['unknown', 'notpresent', 'down', 'lowerlayerdown', 'testing', 'dormant', 'up'] as const),
]

const FLAG_NAMES = {
  UP: uapi.IFF_UP,
  BROADCAST: uapi.IFF_BROADCAST,
  LOOPBACK: uapi.IFF_LOOPBACK,
  POINTOPOINT: uapi.IFF_POINTOPOINT,
  RUNNING: uapi.IFF_RUNNING,
  NOARP: uapi.IFF_NOARP,
  MULTICAST: uapi.IFF_MULTICAST,
} as const

/** IFF_* bits by name, of those that mean something to people: `['UP', 'BROADCAST', 'MULTICAST']`. */
export const linkFlagNames = (flags: number): string[] =>
  Object.entries(FLAG_NAMES).flatMap(([name, bit]) => ((flags & bit) === 0 ? [] : [name]))
