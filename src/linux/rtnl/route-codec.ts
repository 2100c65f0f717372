/**
 * RTM_NEWROUTE and RTM_DELROUTE: `struct rtmsg` and RTA_* attributes (<linux/rtnetlink.h>).
 *
 *   rtmsg   family u8 | destination length u8 | source length u8 | tos u8
 *           table u8 | protocol u8 | scope u8 | type u8 | flags u32                          12 bytes
 *
 * The table in the header has 8 bits; RTA_TABLE has 32 and wins.
 */
import { addressBytes, formatAddress, formatPrefix, prefixBytes } from '../ip-text.ts'
import { AttributeCursor, type MessageWriter, type NetlinkMessage } from '../netlink/index.ts'
import * as uapi from '../uapi/index.ts'
import type { Route, RouteSpec, RouteType } from './route-kernel.ts'

export const RTMSG = { bytes: 12, prefix: 'RTA_' } as const

const TYPE_NUMBER: Readonly<Record<RouteType, number>> = {
  unicast: uapi.RTN_UNICAST,
  local: uapi.RTN_LOCAL,
  broadcast: uapi.RTN_BROADCAST,
  anycast: uapi.RTN_ANYCAST,
  multicast: uapi.RTN_MULTICAST,
  blackhole: uapi.RTN_BLACKHOLE,
  unreachable: uapi.RTN_UNREACHABLE,
  prohibit: uapi.RTN_PROHIBIT,
  throw: uapi.RTN_THROW,
}

export interface RouteHeader {
  readonly family: number
  readonly destinationLength?: number
  readonly table?: number
  readonly protocol?: number
  readonly scope?: number
  readonly type?: number
  readonly flags?: number
}

export const encodeRouteHeader = (writer: MessageWriter, header: RouteHeader): void => {
  const table = header.table ?? 0
  writer
    .u8(header.family)
    .u8(header.destinationLength ?? 0)
    .u8(0)
    .u8(0)
  writer.u8(table > 255 ? uapi.RT_TABLE_COMPAT : table).u8(header.protocol ?? 0)
  writer
    .u8(header.scope ?? 0)
    .u8(header.type ?? 0)
    .u32(header.flags ?? 0)
}

/** For deleting, what the spec does not say matches anything. */
export const encodeRouteSpec = (
  writer: MessageWriter,
  spec: RouteSpec,
  { linkIndex, deleting }: { readonly linkIndex: number | undefined; readonly deleting: boolean },
): void => {
  const destination = prefixBytes(spec.destination)
  const table = spec.table ?? uapi.RT_TABLE_MAIN
  encodeRouteHeader(writer, {
    family: destination.address.length === 4 ? uapi.AF_INET : uapi.AF_INET6,
    destinationLength: destination.length,
    table,
    protocol: spec.protocol ?? (deleting ? uapi.RTPROT_UNSPEC : uapi.RTPROT_BOOT),
    scope: routeScope(spec, deleting),
    type: spec.type === undefined && deleting ? 0 : TYPE_NUMBER[spec.type ?? 'unicast'],
    flags: spec.onLink ? uapi.RTNH_F_ONLINK : 0,
  })
  if (destination.length > 0) writer.attributeBytes(uapi.RTA_DST, destination.address)
  writer.attributeU32(uapi.RTA_TABLE, table)
  if (linkIndex !== undefined) writer.attributeU32(uapi.RTA_OIF, linkIndex)
  if (spec.gateway !== undefined) encodeGateway(writer, spec.gateway, destination.address.length)
  if (spec.preferredSource !== undefined)
    writer.attributeBytes(uapi.RTA_PREFSRC, addressBytes(spec.preferredSource))
  if (spec.metric !== undefined) writer.attributeU32(uapi.RTA_PRIORITY, spec.metric)
  if (spec.mtuBytes !== undefined && !deleting) encodeMtu(writer, spec.mtuBytes, spec.mtuLocked ?? false)
}

export const encodeMtu = (writer: MessageWriter, mtuBytes: number, locked: boolean): void => {
  writer.nest(uapi.RTA_METRICS, () => {
    if (locked) writer.attributeU32(uapi.RTAX_LOCK, 1 << uapi.RTAX_MTU)
    writer.attributeU32(uapi.RTAX_MTU, mtuBytes)
  })
}

/** An IPv4 route may have an IPv6 gateway: RTA_VIA, `struct rtvia` { family u16, address }. */
const encodeGateway = (writer: MessageWriter, gateway: string, addressLength: number): void => {
  const bytes = addressBytes(gateway)
  if (bytes.length === addressLength) {
    writer.attributeBytes(uapi.RTA_GATEWAY, bytes)
    return
  }
  const via = new Uint8Array(2 + bytes.length)
  new DataView(via.buffer).setUint16(0, bytes.length === 4 ? uapi.AF_INET : uapi.AF_INET6, true)
  via.set(bytes, 2)
  writer.attributeBytes(uapi.RTA_VIA, via)
}

/** As ip(8) does it: a route without a gateway reaches the link only, one to this host stays in it. */
const routeScope = (spec: RouteSpec, deleting: boolean): number => {
  if (spec.scope !== undefined) return spec.scope
  if (deleting) return uapi.RT_SCOPE_NOWHERE
  if (spec.type === 'local') return uapi.RT_SCOPE_HOST
  const direct = spec.gateway === undefined && (spec.type ?? 'unicast') === 'unicast'
  return direct ? uapi.RT_SCOPE_LINK : uapi.RT_SCOPE_UNIVERSE
}

/** Undefined for other families and for routes the kernel cloned for one destination. */
export const decodeRoute = ({ payload }: NetlinkMessage): Route | undefined => {
  if (payload.byteLength < RTMSG.bytes) return undefined
  const family = payload.getUint8(0)
  if (family !== uapi.AF_INET && family !== uapi.AF_INET6) return undefined
  if (payload.getUint32(8, true) & uapi.RTM_F_CLONED) return undefined
  const size = family === uapi.AF_INET ? 4 : 16
  const fields = decodeRouteAttributes(new AttributeCursor(payload, RTMSG.bytes), size)
  const destination = formatPrefix(fields.destination ?? new Uint8Array(size), payload.getUint8(1))
  if (destination === undefined) return undefined
  return {
    family: family === uapi.AF_INET ? 'inet' : 'inet6',
    destination,
    table: fields.table ?? payload.getUint8(4),
    linkIndex: fields.linkIndex,
    gateway: fields.gateway,
    preferredSource: fields.preferredSource,
    metric: fields.metric,
    protocol: payload.getUint8(5),
    scope: payload.getUint8(6),
    type: payload.getUint8(7),
    ...(fields.mtuBytes !== undefined && { mtuBytes: fields.mtuBytes }),
    ...(fields.mtuLocked && { mtuLocked: true }),
  }
}

interface RouteFields {
  destination?: Uint8Array
  table?: number | undefined
  linkIndex: number | undefined
  gateway: string | undefined
  preferredSource: string | undefined
  metric: number
  mtuBytes?: number
  mtuLocked?: true
}

const decodeRouteAttributes = (attributes: AttributeCursor, size: number): RouteFields => {
  const fields: RouteFields = {
    linkIndex: undefined,
    gateway: undefined,
    preferredSource: undefined,
    metric: 0,
  }
  while (attributes.next()) {
    switch (attributes.type) {
      case uapi.RTA_DST:
        if (attributes.length === size) fields.destination = attributes.bytes()
        break
      case uapi.RTA_TABLE:
        fields.table = attributes.u32()
        break
      case uapi.RTA_OIF:
        fields.linkIndex = attributes.u32()
        break
      case uapi.RTA_GATEWAY:
        if (attributes.length === size) fields.gateway = formatAddress(attributes.bytes())
        break
      case uapi.RTA_VIA:
        fields.gateway = formatAddress(attributes.bytes().subarray(2))
        break
      case uapi.RTA_PREFSRC:
        if (attributes.length === size) fields.preferredSource = formatAddress(attributes.bytes())
        break
      case uapi.RTA_PRIORITY:
        fields.metric = attributes.u32() ?? 0
        break
      case uapi.RTA_METRICS:
        decodeMtu(attributes.nested(), fields)
        break
    }
  }
  return fields
}

const decodeMtu = (metrics: AttributeCursor, fields: RouteFields): void => {
  while (metrics.next()) {
    const value = metrics.u32() ?? 0
    if (metrics.type === uapi.RTAX_MTU) fields.mtuBytes = value
    if (metrics.type === uapi.RTAX_LOCK && value & (1 << uapi.RTAX_MTU)) fields.mtuLocked = true
  }
}
