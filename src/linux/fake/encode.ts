/** The kernel's side of the codecs: what it shows, as dump messages and announcements. The inverse of the decoders in rtnl/. */
import { addressBytes, hardwareAddressBytes, prefixBytes } from '../ip-text.ts'
import type { MessageWriter } from '../netlink/index.ts'
import {
  encodeAddressHeader,
  encodeLinkHeader,
  encodeMtu,
  encodeRouteHeader,
  encodeRuleHeader,
  encodeSettings,
  OPER_STATES,
  type Address,
  type Family,
  type Link,
  type Route,
  type Rule,
} from '../rtnl/index.ts'
import * as uapi from '../uapi/index.ts'

const familyNumber = (family: Family): number => (family === 'inet' ? uapi.AF_INET : uapi.AF_INET6)

export const encodeLink = (writer: MessageWriter, link: Link): void => {
  encodeLinkHeader(writer, { hardwareType: link.hardwareType, index: link.index, flags: link.flags })
  writer.attributeString(uapi.IFLA_IFNAME, link.name).attributeU32(uapi.IFLA_MTU, link.mtuBytes)
  if (link.hardwareAddress !== undefined) {
    writer.attributeBytes(uapi.IFLA_ADDRESS, hardwareAddressBytes(link.hardwareAddress))
  }
  if (link.master !== undefined) writer.attributeU32(uapi.IFLA_MASTER, link.master)
  if (link.peerIndex !== undefined) writer.attributeU32(uapi.IFLA_LINK, link.peerIndex)
  if (link.peerNamespaceId !== undefined) writer.attributeU32(uapi.IFLA_LINK_NETNSID, link.peerNamespaceId)
  writer.attributeU8(uapi.IFLA_OPERSTATE, OPER_STATES.indexOf(link.operState))
  if (link.kind !== '') encodeLinkInfo(writer, link)
  if (link.altNames.length === 0) return
  writer.nest(uapi.IFLA_PROP_LIST, () => {
    for (const name of link.altNames) writer.attributeString(uapi.IFLA_ALT_IFNAME, name)
  })
}

const encodeLinkInfo = (writer: MessageWriter, { kind, settings }: Link): void => {
  writer.nest(uapi.IFLA_LINKINFO, () => {
    writer.attributeString(uapi.IFLA_INFO_KIND, kind)
    if (Object.keys(settings).length > 0)
      writer.nest(uapi.IFLA_INFO_DATA, () => encodeSettings(writer, kind, settings))
  })
}

export const encodeAddress = (writer: MessageWriter, address: Address): void => {
  const { family, prefixLength, flags, scope, linkIndex } = address
  encodeAddressHeader(writer, { family: familyNumber(family), prefixLength, flags, scope, linkIndex })
  const local = addressBytes(address.local)
  writer.attributeBytes(uapi.IFA_ADDRESS, address.peer === undefined ? local : addressBytes(address.peer))
  // The kernel leaves IFA_LOCAL out for IPv6 without a peer.
  if (family === 'inet' || address.peer !== undefined) writer.attributeBytes(uapi.IFA_LOCAL, local)
  writer.attributeU32(uapi.IFA_FLAGS, flags)
  if (address.protocol !== 0) writer.attributeU8(uapi.IFA_PROTO, address.protocol)
}

export const encodeRoute = (writer: MessageWriter, route: Route): void => {
  const destination = prefixBytes(route.destination)
  encodeRouteHeader(writer, {
    family: familyNumber(route.family),
    destinationLength: destination.length,
    table: route.table,
    protocol: route.protocol,
    scope: route.scope,
    type: route.type,
  })
  if (destination.length > 0) writer.attributeBytes(uapi.RTA_DST, destination.address)
  writer.attributeU32(uapi.RTA_TABLE, route.table)
  if (route.linkIndex !== undefined) writer.attributeU32(uapi.RTA_OIF, route.linkIndex)
  if (route.gateway !== undefined) writer.attributeBytes(uapi.RTA_GATEWAY, addressBytes(route.gateway))
  if (route.preferredSource !== undefined) {
    writer.attributeBytes(uapi.RTA_PREFSRC, addressBytes(route.preferredSource))
  }
  if (route.metric !== 0) writer.attributeU32(uapi.RTA_PRIORITY, route.metric)
  if (route.mtuBytes !== undefined) encodeMtu(writer, route.mtuBytes, route.mtuLocked ?? false)
}

export const encodeRule = (writer: MessageWriter, rule: Rule): void => {
  const source = rule.source === undefined ? undefined : prefixBytes(rule.source)
  const destination = rule.destination === undefined ? undefined : prefixBytes(rule.destination)
  encodeRuleHeader(writer, {
    family: familyNumber(rule.family),
    sourceLength: source?.length ?? 0,
    destinationLength: destination?.length ?? 0,
    table: rule.table,
    action: rule.action,
    flags: rule.invert ? uapi.FIB_RULE_INVERT : 0,
  })
  writer.attributeU32(uapi.FRA_TABLE, rule.table)
  writer.attributeU32(uapi.FRA_SUPPRESS_PREFIXLEN, rule.suppressPrefixLength ?? 0xffffffff)
  writer.attributeU8(uapi.FRA_PROTOCOL, rule.protocol)
  if (rule.priority !== 0) writer.attributeU32(uapi.FRA_PRIORITY, rule.priority)
  if (rule.fwmark !== undefined) {
    writer.attributeU32(uapi.FRA_FWMARK, rule.fwmark)
    writer.attributeU32(uapi.FRA_FWMASK, rule.fwmask ?? 0xffffffff)
  }
  if (source) writer.attributeBytes(uapi.FRA_SRC, source.address)
  if (destination) writer.attributeBytes(uapi.FRA_DST, destination.address)
  if (rule.inputLink !== undefined) writer.attributeString(uapi.FRA_IIFNAME, rule.inputLink)
  if (rule.outputLink !== undefined) writer.attributeString(uapi.FRA_OIFNAME, rule.outputLink)
}
