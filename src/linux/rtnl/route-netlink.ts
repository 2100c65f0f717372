/**
 * rtnetlink of one network namespace: what is there, and changing it. Synchronous: the kernel answers within the
 * call (see netlink-socket.ts).
 */
import { isKernelError, KernelError } from '../kernel-error.ts'
import { type NetlinkRequest, NetlinkSocket } from '../netlink/index.ts'
import { withNetns } from '../netns.ts'
import type { Syscalls } from '../syscalls.ts'
import * as uapi from '../uapi/index.ts'
import { decodeAddress, encodeAddressHeader, IFADDRMSG } from './address-codec.ts'
import { decodeForwarding, encodeNeighbourHeader, NDMSG } from './forwarding-codec.ts'
import { decodeLink, encodeLinkHeader, IFINFOMSG } from './link-codec.ts'
import { decodeRoute, encodeRouteHeader, RTMSG } from './route-codec.ts'
import type {
  Address,
  BatchFailure,
  Family,
  Forwarding,
  Link,
  LinkRef,
  Route,
  RouteFilter,
  RouteRequests,
  Rule,
} from './route-kernel.ts'
import { RouteRequestMaker } from './route-requests.ts'
import { decodeRule, encodeRuleHeader, FIB_RULE_HDR } from './rule-codec.ts'

export interface RouteNetlinkOptions {
  /** A descriptor of the namespace to work in, when not this one. Not needed any more once opened. */
  readonly netns?: number
}

const IFNAMSIZ = 16
const FAMILIES: readonly Family[] = ['inet', 'inet6']

export class RouteNetlink extends RouteRequestMaker {
  readonly #socket: NetlinkSocket

  private constructor(socket: NetlinkSocket) {
    super()
    this.#socket = socket
  }

  static open(sys: Syscalls, { netns }: RouteNetlinkOptions = {}): RouteNetlink {
    const open = (): NetlinkSocket => NetlinkSocket.open(sys, uapi.NETLINK_ROUTE)
    return new RouteNetlink(netns === undefined ? open() : withNetns(sys, netns, open))
  }

  close(): void {
    this.#socket.close()
  }

  links(): Link[] {
    return this.#socket.dump(
      {
        type: uapi.RTM_GETLINK,
        what: 'list links',
        header: IFINFOMSG,
        body: (writer) => {
          encodeLinkHeader(writer, {})
          writer.attributeU32(uapi.IFLA_EXT_MASK, uapi.RTEXT_FILTER_SKIP_STATS)
        },
      },
      decodeLink,
    )
  }

  /** By index, name or alternative name. */
  link(link: LinkRef): Link | undefined {
    try {
      return this.#socket.query(linkQuery(link), decodeLink)
    } catch (error) {
      if (isKernelError(error, 'ENODEV')) return undefined
      throw error
    }
  }

  indexOf(link: LinkRef): number {
    return typeof link === 'number' ? link : this.current(link).index
  }

  addresses(): Address[] {
    return this.#socket.dump(
      {
        type: uapi.RTM_GETADDR,
        what: 'list addresses',
        header: IFADDRMSG,
        body: (writer) => encodeAddressHeader(writer, { family: uapi.AF_UNSPEC }),
      },
      decodeAddress,
    )
  }

  routes(filter: RouteFilter = {}): Route[] {
    const families = filter.family === undefined ? FAMILIES : [filter.family]
    return families.flatMap((family) => this.#routesOf(family, filter))
  }

  rules(): Rule[] {
    return FAMILIES.flatMap((family) =>
      this.#socket.dump(
        {
          type: uapi.RTM_GETRULE,
          what: `list ${family} rules`,
          header: FIB_RULE_HDR,
          body: (writer) => encodeRuleHeader(writer, { family: familyNumber(family) }),
        },
        (message) => only(decodeRule(message), family),
      ),
    )
  }

  /** Entries of vxlan links: of one, or of all. */
  forwarding(link?: LinkRef): Forwarding[] {
    const linkIndex = link === undefined ? 0 : this.indexOf(link)
    return this.#socket.dump(
      {
        type: uapi.RTM_GETNEIGH,
        what: 'list forwarding entries',
        header: NDMSG,
        body: (writer) => encodeNeighbourHeader(writer, { linkIndex }),
      },
      (message) => ofLink(decodeForwarding(message), linkIndex),
    )
  }

  /**
   * Collects the requests made in `make` and sends a hundred at a time. All are tried; the failures come back.
   * A link made in the batch can be named by later requests of the same batch.
   */
  batch(make: (requests: RouteRequests) => void): readonly BatchFailure[] {
    const batch = new RouteBatch(this.#socket, this)
    make(batch)
    return batch.finish()
  }

  protected override submit(request: NetlinkRequest): void {
    this.#socket.execute(request)
  }

  override current(link: LinkRef): Link {
    const found = this.link(link)
    if (!found) throw new KernelError(`find link ${link}`, uapi.ENODEV)
    return found
  }

  #routesOf(family: Family, filter: RouteFilter): Route[] {
    const { table, protocol = 0 } = filter
    try {
      return this.#socket.dump(
        {
          type: uapi.RTM_GETROUTE,
          what: `list ${family} routes`,
          header: RTMSG,
          body: (writer) => {
            encodeRouteHeader(writer, { family: familyNumber(family), protocol })
            if (table !== undefined) writer.attributeU32(uapi.RTA_TABLE, table)
          },
        },
        (message) => asAsked(only(decodeRoute(message), family), filter),
      )
    } catch (error) {
      // With strict checking, a table that was never used does not exist.
      if (table !== undefined && isKernelError(error, 'ENOENT')) return []
      throw error
    }
  }
}

/** Requests that wait to be sent together. */
class RouteBatch extends RouteRequestMaker {
  readonly #socket: NetlinkSocket
  readonly #resolver: RouteNetlink
  readonly #indexes = new Map<string, number>()
  readonly #failures: BatchFailure[] = []
  #waiting: NetlinkRequest[] = []
  #sent = 0

  constructor(socket: NetlinkSocket, resolver: RouteNetlink) {
    super()
    this.#socket = socket
    this.#resolver = resolver
  }

  override indexOf(link: LinkRef): number {
    if (typeof link === 'number') return link
    const known = this.#indexes.get(link)
    if (known !== undefined) return known
    // The link may be made by a request that still waits.
    this.#flush()
    const index = this.#resolver.indexOf(link)
    this.#indexes.set(link, index)
    return index
  }

  protected override current(link: LinkRef): Link {
    this.#flush()
    return this.#resolver.current(link)
  }

  finish(): readonly BatchFailure[] {
    this.#flush()
    return this.#failures
  }

  protected override submit(request: NetlinkRequest): void {
    this.#waiting.push(request)
    if (mayEndAName(request)) this.#indexes.clear()
  }

  #flush(): void {
    const waiting = this.#waiting
    this.#waiting = []
    this.#socket.executeAll(waiting).forEach((error, index) => {
      if (error) this.#failures.push({ request: this.#sent + index, error })
    })
    this.#sent += waiting.length
  }
}

/** Renamed, deleted or moved: what a name meant may be over. A new link takes nobody's name. */
const mayEndAName = ({ type, flags = 0 }: NetlinkRequest): boolean =>
  type === uapi.RTM_DELLINK || (type === uapi.RTM_NEWLINK && (flags & uapi.NLM_F_CREATE) === 0)

const ofLink = (entry: Forwarding | undefined, index: number): Forwarding | undefined =>
  index === 0 || entry?.linkIndex === index ? entry : undefined

const linkQuery = (link: LinkRef): NetlinkRequest => ({
  type: uapi.RTM_GETLINK,
  what: `find link ${link}`,
  header: IFINFOMSG,
  body: (writer) => {
    encodeLinkHeader(writer, { index: typeof link === 'number' ? link : 0 })
    if (typeof link === 'string') {
      writer.attributeString(link.length < IFNAMSIZ ? uapi.IFLA_IFNAME : uapi.IFLA_ALT_IFNAME, link)
    }
    writer.attributeU32(uapi.IFLA_EXT_MASK, uapi.RTEXT_FILTER_SKIP_STATS)
  },
})

const familyNumber = (family: Family): number => (family === 'inet' ? uapi.AF_INET : uapi.AF_INET6)

/** A kernel without IPv6 answers a request for it with everything it has. */
const only = <T extends { readonly family: Family }>(item: T | undefined, family: Family): T | undefined =>
  item?.family === family ? item : undefined

const asAsked = (route: Route | undefined, { table, protocol }: RouteFilter): Route | undefined =>
  (table === undefined || route?.table === table) && (protocol === undefined || route?.protocol === protocol)
    ? route
    : undefined
