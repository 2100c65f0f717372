/**
 * RTM_NEWADDR and RTM_DELADDR: `struct ifaddrmsg` and IFA_* attributes (<linux/if_addr.h>).
 *
 *   ifaddrmsg   family u8 | prefix length u8 | flags u8 | scope u8 | link index u32         8 bytes
 *
 * IFA_LOCAL is the own address and IFA_ADDRESS the other end's; where both are the same there is no other end.
 * IPv6 without a peer sends IFA_ADDRESS alone.
 */
import { addressBytes, formatAddress } from '../ip-text.ts'
import { AttributeCursor, type MessageWriter, type NetlinkMessage } from '../netlink/index.ts'
import * as uapi from '../uapi/index.ts'
import type { Address, AddressSpec } from './route-kernel.ts'

export const IFADDRMSG = { bytes: 8, prefix: 'IFA_' } as const

export const encodeAddressSpec = (writer: MessageWriter, spec: AddressSpec, linkIndex: number): void => {
  const local = addressBytes(spec.local)
  const flags = (spec.noPrefixRoute ? uapi.IFA_F_NOPREFIXROUTE : 0) | (spec.noDad ? uapi.IFA_F_NODAD : 0)
  encodeAddressHeader(writer, {
    family: local.length === 4 ? uapi.AF_INET : uapi.AF_INET6,
    prefixLength: spec.prefixLength,
    scope: spec.scope ?? defaultScope(local),
    linkIndex,
  })
  writer.attributeBytes(uapi.IFA_LOCAL, local)
  writer.attributeBytes(uapi.IFA_ADDRESS, spec.peer === undefined ? local : addressBytes(spec.peer))
  if (flags !== 0) writer.attributeU32(uapi.IFA_FLAGS, flags)
  if (spec.protocol !== undefined) writer.attributeU8(uapi.IFA_PROTO, spec.protocol)
}

export interface AddressHeader {
  readonly family: number
  readonly prefixLength?: number
  readonly flags?: number
  readonly scope?: number
  readonly linkIndex?: number
}

export const encodeAddressHeader = (writer: MessageWriter, header: AddressHeader): void => {
  writer
    .u8(header.family)
    .u8(header.prefixLength ?? 0)
    .u8((header.flags ?? 0) & 0xff)
  writer.u8(header.scope ?? 0).u32(header.linkIndex ?? 0)
}

/** As ip(8) does it: 127/8 is for this host; the kernel sets the scope of IPv6 addresses itself. */
const defaultScope = (local: Uint8Array): number =>
  local.length === 4 && local[0] === 127 ? uapi.RT_SCOPE_HOST : uapi.RT_SCOPE_UNIVERSE

export const decodeAddress = ({ payload }: NetlinkMessage): Address | undefined => {
  if (payload.byteLength < IFADDRMSG.bytes) return undefined
  const family = payload.getUint8(0)
  if (family !== uapi.AF_INET && family !== uapi.AF_INET6) return undefined
  const fields = decodeAddressAttributes(new AttributeCursor(payload, IFADDRMSG.bytes), family)
  const local = fields.local ?? fields.address
  if (local === undefined) return undefined
  return {
    family: family === uapi.AF_INET ? 'inet' : 'inet6',
    linkIndex: payload.getUint32(4, true),
    local,
    prefixLength: payload.getUint8(1),
    ...(fields.address !== undefined && fields.address !== local && { peer: fields.address }),
    protocol: fields.protocol,
    scope: payload.getUint8(3),
    flags: fields.flags ?? payload.getUint8(2),
  }
}

const decodeAddressAttributes = (attributes: AttributeCursor, family: number) => {
  let local: string | undefined
  let address: string | undefined
  let flags: number | undefined
  let protocol = 0
  const size = family === uapi.AF_INET ? 4 : 16
  while (attributes.next()) {
    if (attributes.type === uapi.IFA_LOCAL && attributes.length === size)
      local = formatAddress(attributes.bytes())
    else if (attributes.type === uapi.IFA_ADDRESS && attributes.length === size)
      address = formatAddress(attributes.bytes())
    else if (attributes.type === uapi.IFA_FLAGS) flags = attributes.u32()
    else if (attributes.type === uapi.IFA_PROTO) protocol = attributes.u8() ?? 0
  }
  return { local, address, flags, protocol }
}
