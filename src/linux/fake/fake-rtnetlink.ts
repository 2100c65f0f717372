/** rtnetlink of the fake: each request type and what it does to the tables. */
import { formatAddress, formatPrefix } from '../ip-text.ts'
import { AttributeCursor, type NetlinkMessage } from '../netlink/index.ts'
import {
  type Address,
  decodeAddress,
  decodeRoute,
  decodeRule,
  type Route,
  RTMSG,
  type Rule,
} from '../rtnl/index.ts'
import * as uapi from '../uapi/index.ts'
import { encodeAddress, encodeLink, encodeRoute, encodeRule } from './encode.ts'
import { addForwarding, deleteForwarding, dumpForwarding } from './fake-forwarding.ts'
import { decodeLinkRequest, type LinkRequest } from './fake-link-request.ts'
import type { FakeLinks } from './fake-links.ts'
import type { FakeNamespace } from './fake-namespace.ts'
import type { RequestHandler } from './fake-netlink-socket.ts'
import * as tables from './fake-tables.ts'
import { Refusal } from './refusal.ts'

/** The parser of a request is the decoder of what is shown: the two have the same shape. */
const required = <T>(item: T | undefined): T => {
  if (item === undefined) throw new Refusal(uapi.EINVAL)
  return item
}

export const handleRouteRequest =
  (links: FakeLinks): RequestHandler =>
  (namespace, message) => {
    switch (message.type) {
      case uapi.RTM_GETLINK:
        return getLinks(namespace, message)
      case uapi.RTM_GETADDR:
        return {
          type: uapi.RTM_NEWADDR,
          bodies: namespace.addresses.map((row) => (writer) => encodeAddress(writer, row)),
        }
      case uapi.RTM_GETROUTE:
        return getRoutes(namespace, message)
      case uapi.RTM_GETNEIGH:
        return { type: uapi.RTM_NEWNEIGH, bodies: dumpForwarding(namespace, message) }
      case uapi.RTM_GETRULE:
        return {
          type: uapi.RTM_NEWRULE,
          bodies: namespace.rules
            .filter((rule) => ofFamily(rule, message))
            .map((rule) => (writer) => encodeRule(writer, rule)),
        }
      default:
        change(links, namespace, message)
        return undefined
    }
  }

const change = (links: FakeLinks, namespace: FakeNamespace, message: NetlinkMessage): void => {
  const link = (): LinkRequest => decodeLinkRequest(message.payload)
  switch (message.type) {
    case uapi.RTM_NEWLINK:
      return links.newLink(namespace, link(), message.flags)
    case uapi.RTM_DELLINK:
      return links.deleteLink(namespace, link())
    case uapi.RTM_NEWLINKPROP:
      return links.altNames(namespace, link(), true)
    case uapi.RTM_DELLINKPROP:
      return links.altNames(namespace, link(), false)
    case uapi.RTM_NEWADDR:
      return tables.addAddress(namespace, address(message))
    case uapi.RTM_DELADDR:
      return tables.deleteAddress(namespace, address(message))
    case uapi.RTM_NEWROUTE:
      return tables.addRoute(namespace, route(message), (message.flags & uapi.NLM_F_REPLACE) !== 0)
    case uapi.RTM_DELROUTE:
      return tables.deleteRoute(namespace, routeMatch(message))
    case uapi.RTM_NEWNEIGH:
      return addForwarding(namespace, message)
    case uapi.RTM_DELNEIGH:
      return deleteForwarding(namespace, message)
    case uapi.RTM_NEWRULE:
      return tables.addRule(namespace, required(decodeRule(message)))
    case uapi.RTM_DELRULE:
      return tables.deleteRule(namespace, ruleMatch(message))
    default:
      throw new Refusal(uapi.EOPNOTSUPP)
  }
}

const ofFamily = (item: Rule | Route, { payload }: NetlinkMessage): boolean => {
  const family = payload.getUint8(0)
  return family === 0 || item.family === (family === uapi.AF_INET ? 'inet' : 'inet6')
}

const getLinks = (namespace: FakeNamespace, message: NetlinkMessage): ReturnType<RequestHandler> => {
  if ((message.flags & uapi.NLM_F_DUMP) === uapi.NLM_F_DUMP) {
    return {
      type: uapi.RTM_NEWLINK,
      bodies: [...namespace.links.values()].map((row) => (writer) => encodeLink(writer, row)),
    }
  }
  const { index, name } = decodeLinkRequest(message.payload)
  const found = namespace.find(index > 0 ? index : (name ?? ''))
  if (!found) throw new Refusal(uapi.ENODEV)
  return { type: uapi.RTM_NEWLINK, bodies: [(writer) => encodeLink(writer, found)] }
}

const getRoutes = (namespace: FakeNamespace, message: NetlinkMessage): ReturnType<RequestHandler> => {
  const attributes = new AttributeCursor(message.payload, RTMSG.bytes)
  let table: number | undefined
  while (attributes.next()) if (attributes.type === uapi.RTA_TABLE) table = attributes.u32()
  const rows = namespace.routes.filter(
    (row) => ofFamily(row, message) && (table === undefined || row.table === table),
  )
  return { type: uapi.RTM_NEWROUTE, bodies: rows.map((row) => (writer) => encodeRoute(writer, row)) }
}

const address = (message: NetlinkMessage): Address => required(decodeAddress(message))

const route = (message: NetlinkMessage): Route => {
  const wanted = required(decodeRoute(message))
  return { ...wanted, table: wanted.table || uapi.RT_TABLE_MAIN, type: wanted.type || uapi.RTN_UNICAST }
}

/** Zero, RT_SCOPE_NOWHERE and what is absent match anything. */
const routeMatch = (message: NetlinkMessage): tables.RouteMatch => {
  const { payload } = message
  const wanted = required(decodeRoute(message))
  const attributes = new AttributeCursor(payload, RTMSG.bytes)
  let destination: Uint8Array | undefined
  let gateway: string | undefined
  while (attributes.next()) {
    if (attributes.type === uapi.RTA_DST) destination = attributes.bytes()
    if (attributes.type === uapi.RTA_GATEWAY) gateway = formatAddress(attributes.bytes())
  }
  const anywhere = new Uint8Array(tables.addressSize(wanted.family))
  return {
    destination: required(formatPrefix(destination ?? anywhere, payload.getUint8(1))),
    table: wanted.table || uapi.RT_TABLE_MAIN,
    linkIndex: wanted.linkIndex,
    gateway,
    metric: wanted.metric || undefined,
    protocol: wanted.protocol || undefined,
    type: wanted.type || undefined,
  }
}

const ruleMatch = (message: NetlinkMessage): Partial<Rule> => {
  const { priority, protocol, ...rest } = required(decodeRule(message))
  return { ...rest, ...(priority !== 0 && { priority }), ...(protocol !== 0 && { protocol }) }
}
