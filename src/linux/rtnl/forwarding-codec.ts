/**
 * Forwarding databases of vxlan links, which rtnetlink shows as neighbours of the family AF_BRIDGE: `struct ndmsg` and
 * NDA_* attributes (<linux/neighbour.h>).
 *
 *   ndmsg   family u8 | pad u8 | pad u16 | link index i32 | state u16 | flags u8 | type u8       12 bytes
 *
 * Bridges and other links have entries there too; they carry no NDA_DST and are not shown.
 */
import { addressBytes, formatAddress, hardwareAddressBytes, hardwareAddressText } from '../ip-text.ts'
import { AttributeCursor, type MessageWriter, type NetlinkMessage } from '../netlink/index.ts'
import * as uapi from '../uapi/index.ts'
import type { Forwarding, ForwardingSpec } from './route-kernel.ts'

export const NDMSG = { bytes: 12, prefix: 'NDA_' } as const

export const ALL_ZERO_ADDRESS = '00:00:00:00:00:00'

export interface NeighbourHeader {
  readonly linkIndex?: number
  readonly state?: number
  readonly flags?: number
}

export const encodeNeighbourHeader = (writer: MessageWriter, header: NeighbourHeader): void => {
  writer
    .u8(uapi.AF_BRIDGE)
    .u8(0)
    .u16(0)
    .i32(header.linkIndex ?? 0)
  writer
    .u16(header.state ?? 0)
    .u8(header.flags ?? 0)
    .u8(0)
}

export const encodeForwardingSpec = (
  writer: MessageWriter,
  spec: ForwardingSpec,
  linkIndex: number,
): void => {
  // NTF_SELF: the entry is the link's own, and not one of the bridge that it may be a port of.
  encodeNeighbourHeader(writer, { linkIndex, state: uapi.NUD_PERMANENT, flags: uapi.NTF_SELF })
  writer.attributeBytes(uapi.NDA_LLADDR, hardwareAddressBytes(spec.hardwareAddress))
  writer.attributeBytes(uapi.NDA_DST, addressBytes(spec.destination))
}

export const decodeForwarding = ({ payload }: NetlinkMessage): Forwarding | undefined => {
  if (payload.byteLength < NDMSG.bytes || payload.getUint8(0) !== uapi.AF_BRIDGE) return undefined
  if ((payload.getUint8(10) & uapi.NTF_SELF) === 0) return undefined
  const attributes = new AttributeCursor(payload, NDMSG.bytes)
  let hardwareAddress: string | undefined
  let destination: string | undefined
  while (attributes.next()) {
    if (attributes.type === uapi.NDA_LLADDR && attributes.length === 6)
      hardwareAddress = hardwareAddressText(attributes.bytes())
    if (attributes.type === uapi.NDA_DST) destination = formatAddress(attributes.bytes())
  }
  if (hardwareAddress === undefined || destination === undefined) return undefined
  const lasting = payload.getUint16(8, true) & (uapi.NUD_PERMANENT | uapi.NUD_NOARP)
  return { linkIndex: payload.getInt32(4, true), hardwareAddress, destination, learned: lasting === 0 }
}
