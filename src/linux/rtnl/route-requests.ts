/**
 * What to send for each change: a RouteRequests method call in, netlink requests out. Sending is the caller's:
 * RouteNetlink sends each at once, a batch sends a hundred together.
 */
import type { NetlinkRequest } from '../netlink/index.ts'
import * as uapi from '../uapi/index.ts'
import { encodeAddressSpec, IFADDRMSG } from './address-codec.ts'
import { ALL_ZERO_ADDRESS, encodeForwardingSpec, NDMSG } from './forwarding-codec.ts'
import { linkKindTable, type LinkSettings } from './kinds/index.ts'
import {
  encodeAltNames,
  encodeLinkChange,
  encodeLinkSpec,
  encodeLinkTarget,
  IFINFOMSG,
  type LinkTarget,
} from './link-codec.ts'
import { encodeRouteSpec, RTMSG } from './route-codec.ts'
import type {
  AddressSpec,
  ForwardingSpec,
  Link,
  LinkChange,
  LinkRef,
  LinkSpec,
  RouteRequests,
  RouteSpec,
  RuleSpec,
} from './route-kernel.ts'
import { encodeRuleSpec, FIB_RULE_HDR } from './rule-codec.ts'

const CREATE = uapi.NLM_F_CREATE | uapi.NLM_F_EXCL

export abstract class RouteRequestMaker implements RouteRequests {
  protected abstract submit(request: NetlinkRequest): void
  /** The index of a link that exists now. */
  abstract indexOf(link: LinkRef): number
  /** What the kernel has now, after everything submitted before. */
  protected abstract current(link: LinkRef): Link

  addLink(spec: LinkSpec): void {
    const { altNames = [], netns, name } = spec
    if (altNames.length > 0 && netns !== undefined) {
      throw new TypeError(`alternative names of ${name}: set them from inside its namespace`)
    }
    const master = spec.master === undefined ? undefined : this.indexOf(spec.master)
    const settings = this.#settings({ ...linkKindTable(spec.kind).defaults, ...spec.settings })
    this.submit({
      type: uapi.RTM_NEWLINK,
      flags: CREATE,
      what: `add ${spec.kind} link ${name}`,
      header: IFINFOMSG,
      body: (writer) => encodeLinkSpec(writer, spec, { master, settings }),
    })
    this.#altNames(uapi.RTM_NEWLINKPROP, { index: 0, name }, altNames)
  }

  setLink(link: LinkRef, change: LinkChange): void {
    const target = linkTarget(link, change)
      ? { index: typeof link === 'number' ? link : 0, ...(typeof link === 'string' && { name: link }) }
      : { index: this.indexOf(link) }
    this.#altNames(uapi.RTM_DELLINKPROP, target, change.removeAltNames ?? [])
    this.#altNames(uapi.RTM_NEWLINKPROP, target, change.addAltNames ?? [])
    if (!changesLink(change)) return
    const master =
      change.master === null ? 0 : change.master === undefined ? undefined : this.indexOf(change.master)
    const settings = this.#changedSettings(link, change)
    this.submit({
      type: uapi.RTM_NEWLINK,
      what: `set link ${link}`,
      header: IFINFOMSG,
      body: (writer) => encodeLinkChange(writer, target, { change, master, settings }),
    })
  }

  deleteLink(link: LinkRef): void {
    const target = typeof link === 'number' ? { index: link } : { index: 0, name: link }
    this.submit({
      type: uapi.RTM_DELLINK,
      what: `delete link ${link}`,
      header: IFINFOMSG,
      body: (writer) => encodeLinkTarget(writer, target),
    })
  }

  addAddress(spec: AddressSpec): void {
    this.#address(uapi.RTM_NEWADDR, CREATE, spec)
  }

  deleteAddress(spec: AddressSpec): void {
    this.#address(uapi.RTM_DELADDR, 0, spec)
  }

  addRoute(spec: RouteSpec, { replace = false }: { readonly replace?: boolean } = {}): void {
    this.#route(uapi.RTM_NEWROUTE, uapi.NLM_F_CREATE | (replace ? uapi.NLM_F_REPLACE : uapi.NLM_F_EXCL), spec)
  }

  deleteRoute(spec: RouteSpec): void {
    this.#route(uapi.RTM_DELROUTE, 0, spec)
  }

  addRule(spec: RuleSpec): void {
    this.#rule(uapi.RTM_NEWRULE, CREATE, spec)
  }

  deleteRule(spec: RuleSpec): void {
    this.#rule(uapi.RTM_DELRULE, 0, spec)
  }

  addForwarding(spec: ForwardingSpec): void {
    const appended = mayHaveMany(spec.hardwareAddress)
    this.#forwarding(
      uapi.RTM_NEWNEIGH,
      uapi.NLM_F_CREATE | (appended ? uapi.NLM_F_APPEND : uapi.NLM_F_EXCL),
      spec,
    )
  }

  deleteForwarding(spec: ForwardingSpec): void {
    this.#forwarding(uapi.RTM_DELNEIGH, 0, spec)
  }

  /** `link` as an index. */
  #settings(settings: LinkSettings): LinkSettings {
    const { link } = settings
    return typeof link === 'string' ? { ...settings, link: this.indexOf(link) } : settings
  }

  #changedSettings(link: LinkRef, { kind, settings }: LinkChange): LinkSettings | undefined {
    if (settings === undefined) return undefined
    if (kind === undefined) throw new TypeError(`settings of link ${link} without its kind`)
    const wanted = this.#settings(settings)
    return linkKindTable(kind).changesWhole ? { ...this.current(link).settings, ...wanted } : wanted
  }

  #altNames(type: number, target: LinkTarget, names: readonly string[]): void {
    if (names.length === 0) return
    const verb = type === uapi.RTM_NEWLINKPROP ? 'add' : 'remove'
    this.submit({
      type,
      flags: type === uapi.RTM_NEWLINKPROP ? uapi.NLM_F_CREATE | uapi.NLM_F_APPEND : 0,
      what: `${verb} alternative name ${names.join(', ')} of link ${target.name ?? target.index}`,
      header: IFINFOMSG,
      body: (writer) => encodeAltNames(writer, target, names),
    })
  }

  #address(type: number, flags: number, spec: AddressSpec): void {
    const linkIndex = this.indexOf(spec.link)
    const verb = type === uapi.RTM_NEWADDR ? 'add' : 'delete'
    this.submit({
      type,
      flags,
      what: `${verb} address ${spec.local}/${spec.prefixLength} ${verb === 'add' ? 'to' : 'from'} ${spec.link}`,
      header: IFADDRMSG,
      body: (writer) => encodeAddressSpec(writer, spec, linkIndex),
    })
  }

  #route(type: number, flags: number, spec: RouteSpec): void {
    const linkIndex = spec.link === undefined ? undefined : this.indexOf(spec.link)
    const deleting = type === uapi.RTM_DELROUTE
    this.submit({
      type,
      flags,
      what: `${deleting ? 'delete' : 'add'} route ${routeText(spec)}`,
      header: RTMSG,
      body: (writer) => encodeRouteSpec(writer, spec, { linkIndex, deleting }),
    })
  }

  #forwarding(type: number, flags: number, spec: ForwardingSpec): void {
    const linkIndex = this.indexOf(spec.link)
    const [verb, preposition] = type === uapi.RTM_NEWNEIGH ? ['add', 'to'] : ['delete', 'from']
    this.submit({
      type,
      flags,
      what: `${verb} forwarding of ${spec.hardwareAddress} to ${spec.destination} ${preposition} ${spec.link}`,
      header: NDMSG,
      body: (writer) => encodeForwardingSpec(writer, spec, linkIndex),
    })
  }

  #rule(type: number, flags: number, spec: RuleSpec): void {
    this.submit({
      type,
      flags,
      what: `${type === uapi.RTM_NEWRULE ? 'add' : 'delete'} ${spec.family} rule to table ${spec.table}`,
      header: FIB_RULE_HDR,
      body: (writer) => encodeRuleSpec(writer, spec),
    })
  }
}

/** A rename needs the index: with a name, IFLA_IFNAME is taken for the link to look up. */
const linkTarget = (link: LinkRef, change: LinkChange): boolean =>
  typeof link === 'number' || change.name === undefined || change.name === link

const changesLink = ({
  addAltNames: _added,
  removeAltNames: _removed,
  kind: _kind,
  ...rest
}: LinkChange): boolean => Object.values(rest).some((value) => value !== undefined)

/** The address of zeros and multicast addresses: their lowest bit of the first byte is set. */
const mayHaveMany = (hardwareAddress: string): boolean =>
  hardwareAddress === ALL_ZERO_ADDRESS || (Number.parseInt(hardwareAddress.slice(0, 2), 16) & 1) === 1

const routeText = (spec: RouteSpec): string =>
  [
    spec.type !== undefined && spec.type !== 'unicast' ? spec.type : '',
    spec.destination,
    spec.gateway === undefined ? '' : `via ${spec.gateway}`,
    spec.link === undefined ? '' : `dev ${spec.link}`,
    spec.table === undefined ? '' : `table ${spec.table}`,
  ]
    .filter((part) => part !== '')
    .join(' ')
