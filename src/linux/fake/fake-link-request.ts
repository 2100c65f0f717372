/** What an RTM_NEWLINK or its kin asks for, taken apart for the fake: `struct ifinfomsg` and IFLA_* attributes. */
import { hardwareAddressText } from '../ip-text.ts'
import { AttributeCursor } from '../netlink/index.ts'
import { decodeSettings, IFINFOMSG, type LinkSettings } from '../rtnl/index.ts'
import * as uapi from '../uapi/index.ts'
import { Refusal } from './refusal.ts'

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
  /** Undefined: the request has no IFLA_INFO_DATA. */
  settings?: LinkSettings
  /** IFLA_LINK. */
  below?: number | undefined
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
    case uapi.IFLA_LINK:
      request.below = attribute.u32()
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
    if (request.kind === 'veth') request.peer = decodePeer(info.nested(), payload)
    else request.settings = decodeSettings(request.kind ?? '', info.nested())
  }
}

const decodePeer = (data: AttributeCursor, payload: DataView): LinkRequest => {
  while (data.next())
    if (data.type === uapi.VETH_INFO_PEER)
      return decodeLinkRequest(payload, data.offset, data.offset + data.length)
  throw new Refusal(uapi.EINVAL)
}
