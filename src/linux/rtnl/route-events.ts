/**
 * What changes in one network namespace, as the kernel announces it: links, addresses, routes and rules by
 * multicast (<linux/rtnetlink.h>, RTNLGRP_*). Announcements can be lost; then `onOverrun` says so once, and only
 * a new look at everything tells what was missed.
 */
import type { Closeable } from '../closeable.ts'
import type { FdWatcher } from '../event-loop.ts'
import { type NetlinkMessage, NetlinkSocket } from '../netlink/index.ts'
import { withNetns } from '../netns.ts'
import type { Syscalls } from '../syscalls.ts'
import * as uapi from '../uapi/index.ts'
import { decodeAddress } from './address-codec.ts'
import { decodeForwarding } from './forwarding-codec.ts'
import { decodeLink } from './link-codec.ts'
import { decodeRoute } from './route-codec.ts'
import type { ForwardingEvent, RouteEvent } from './route-kernel.ts'
import { decodeRule } from './rule-codec.ts'

const GROUPS = [
  uapi.RTNLGRP_LINK,
  uapi.RTNLGRP_IPV4_IFADDR,
  uapi.RTNLGRP_IPV6_IFADDR,
  uapi.RTNLGRP_IPV4_ROUTE,
  uapi.RTNLGRP_IPV6_ROUTE,
  uapi.RTNLGRP_IPV4_RULE,
  uapi.RTNLGRP_IPV6_RULE,
]
const RECEIVE_BUFFER_BYTES = 8 << 20

export interface RouteEventHandlers {
  onEvent(event: RouteEvent): void
  /**
   * Of vxlan links. Where it is absent the kernel is not asked to tell, because it tells of every neighbour on every
   * link then, and of every address that a bridge learns.
   */
  onForwarding?(event: ForwardingEvent): void
  onOverrun(): void
}

export interface WatchRouteOptions {
  /** A descriptor of the namespace to watch, when not this one. */
  readonly netns?: number
  /** Smaller than 8 MiB, to provoke an overrun. */
  readonly receiveBufferBytes?: number
}

export const watchRouteEvents = (
  sys: Syscalls,
  watcher: FdWatcher,
  handlers: RouteEventHandlers,
  { netns, receiveBufferBytes = RECEIVE_BUFFER_BYTES }: WatchRouteOptions = {},
): Closeable => {
  const groups = handlers.onForwarding ? [...GROUPS, uapi.RTNLGRP_NEIGH] : GROUPS
  const open = (): NetlinkSocket =>
    NetlinkSocket.open(sys, uapi.NETLINK_ROUTE, { groups, receiveBufferBytes })
  const socket = netns === undefined ? open() : withNetns(sys, netns, open)
  let closed = false
  const watch = watcher.watch(socket.fd, 'readable', () => {
    const told: (() => void)[] = []
    const outcome = socket.receive((message) => {
      const event = decodeRouteEvent(message)
      if (event) told.push(() => handlers.onEvent(event))
      const entry = decodeForwardingEvent(message)
      if (entry) told.push(() => handlers.onForwarding?.(entry))
    })
    for (const tell of told) if (!closed) tell()
    if (outcome === 'overrun' && !closed) handlers.onOverrun()
  })
  return {
    close: () => {
      closed = true
      watch.close()
      socket.close()
    },
  }
}

export const decodeRouteEvent = (message: NetlinkMessage): RouteEvent | undefined => {
  switch (message.type) {
    case uapi.RTM_NEWLINK:
    case uapi.RTM_DELLINK: {
      const link = decodeLink(message)
      return link && { kind: message.type === uapi.RTM_NEWLINK ? 'link' : 'link-gone', link }
    }
    case uapi.RTM_NEWADDR:
    case uapi.RTM_DELADDR: {
      const address = decodeAddress(message)
      return address && { kind: message.type === uapi.RTM_NEWADDR ? 'address' : 'address-gone', address }
    }
    case uapi.RTM_NEWROUTE:
    case uapi.RTM_DELROUTE: {
      const route = decodeRoute(message)
      return route && { kind: message.type === uapi.RTM_NEWROUTE ? 'route' : 'route-gone', route }
    }
    case uapi.RTM_NEWRULE:
    case uapi.RTM_DELRULE: {
      const rule = decodeRule(message)
      return rule && { kind: message.type === uapi.RTM_NEWRULE ? 'rule' : 'rule-gone', rule }
    }
    default:
      return undefined
  }
}

export const decodeForwardingEvent = (message: NetlinkMessage): ForwardingEvent | undefined => {
  if (message.type !== uapi.RTM_NEWNEIGH && message.type !== uapi.RTM_DELNEIGH) return undefined
  const forwarding = decodeForwarding(message)
  const kind = message.type === uapi.RTM_NEWNEIGH ? 'forwarding' : 'forwarding-gone'
  return forwarding && { kind, forwarding }
}
