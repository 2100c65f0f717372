/**
 * Links as they are on a host → the same links as they would be declared. What the kernel made itself stays out, and
 * so do settings that are as the kernel has them anyway. What cannot be declared is listed. Pure.
 */
import {
  LINK_KINDS,
  type LinkKind,
  type ObservedAddress,
  type ObservedHost,
  type ObservedLink,
  type ObservedNamespace,
  type ObservedRoute,
  parseAddress,
  parsePrefix,
  containsAddress,
} from '../../model/index.ts'
import { isKernelMade } from '../../reconcile/index.ts'
import { type FoundLink, ImportDraft, newLink, put } from './import-draft.ts'
import { LIVE_SETTINGS } from './live-settings.ts'

/** What an observation does not hold. */
export interface LiveFacts {
  /** Links whose hardware address somebody set: of others the kernel chose it. */
  readonly addressSet: ReadonlySet<string>
  /** Other ends of veths that are in another namespace that has a name, by the name of the end here. */
  readonly endsElsewhere: ReadonlyMap<string, EndElsewhere>
}

export interface EndElsewhere {
  readonly name: string
  readonly namespace: string
  readonly there: ObservedNamespace
}

const WHERE = 'this machine'
const RTN_UNICAST = 1
/** RTPROT_BOOT, RTPROT_STATIC, and ours: of routes that somebody wrote down. */
const WRITTEN = new Set([3, 4, 87])
const RTPROT_KERNEL = 2
const RTPROT_RA = 9
const IP6_RT_PRIO_USER = 1024

/** Links that carry WireGuard are read elsewhere. */
export function readLiveLinks(host: ObservedHost, facts: LiveFacts): ImportDraft {
  const draft = new ImportDraft()
  for (const link of host.links) {
    if (isKind(link.kind)) addLink(link, { draft, host, facts })
    else if (!['', 'wireguard', 'tun'].includes(link.kind)) {
      draft.leave(WHERE, `${link.name}: links of the kind ${link.kind} cannot be declared`)
    }
  }
  for (const link of host.links) addMembership(link, { draft, host })
  return draft
}

const isKind = (kind: string): kind is LinkKind => (LINK_KINDS as readonly string[]).includes(kind)

interface LiveContext {
  readonly draft: ImportDraft
  readonly host: ObservedHost
  readonly facts: LiveFacts
}

function addLink(link: ObservedLink, { draft, host, facts }: LiveContext): void {
  const { name, kind, settings } = link
  if (!isKind(kind) || isFallback(link)) return
  const far = kind === 'veth' ? otherEnd(link, { host, facts }) : undefined
  if (kind === 'veth' && far === undefined) {
    const hint = 'only namespaces of `ip netns` are looked into'
    draft.leave(WHERE, `${name}: its other end is in another network namespace (${hint})`)
    return
  }
  if (settings['external'] === true) {
    draft.leave(WHERE, `${name}: a ${kind} that takes its destination from each packet`)
    return
  }
  const { type, fields, ethernet } = LIVE_SETTINGS[kind]
  const found = draft.add({ name, type, where: WHERE })
  if (found === undefined) return
  found.up = link.up
  if (far !== undefined) found.peer = far.name
  if (far !== undefined && 'there' in far)
    found.peerElsewhere = { namespace: far.namespace, end: endThere(far, draft) }
  if (ethernet === true) found.block['ethernet'] = true
  for (const [setting, { field, usual }] of Object.entries(fields)) {
    const value = settings[setting]
    if (value !== undefined && value !== usual && value !== '') put(found.block, field, value)
  }
  tidy(found, kind)
  if (kind === 'vxlan') addForwarding(found, { link, host })
  if (kind !== 'vrf' && !(ETHERNET_KINDS.has(kind) && link.mtuBytes === 1500)) found.mtu = link.mtuBytes
  if (facts.addressSet.has(name) && link.hardwareAddress !== undefined) {
    found.hardwareAddress = link.hardwareAddress
  }
  addAddresses(found, { host, draft })
  addRoutes(found, { host, draft })
}

/** Of these the kernel starts with an MTU of 1500. */
const ETHERNET_KINDS: ReadonlySet<string> = new Set(['dummy', 'veth', 'bridge'])

/** tunl0, gre0 and their like: each namespace gets them with the module, and they cannot be removed. */
const isFallback = ({ name, kind, settings }: ObservedLink): boolean =>
  /^(tunl0|gre0|gretap0|ip6tnl0|ip6gre0)$/.test(name) &&
  (kind === 'gretap' || [settings['local'], settings['remote']].every((one) => isNoAddress(one)))

const isNoAddress = (value: unknown): boolean => value === undefined || value === '0.0.0.0' || value === '::'

function otherEnd(
  link: ObservedLink,
  { host, facts }: Pick<LiveContext, 'host' | 'facts'>,
): ObservedLink | EndElsewhere | undefined {
  const elsewhere = facts.endsElsewhere.get(link.name)
  if (elsewhere !== undefined) return elsewhere
  return host.links.find(
    (one) => one.kind === 'veth' && one.index === link.peerIndex && one.peerIndex === link.index,
  )
}

function endThere({ name, namespace, there }: EndElsewhere, draft: ImportDraft): FoundLink {
  const end = newLink({ name, type: 'veth', where: `the namespace ${namespace}` })
  const link = there.links.find((one) => one.name === name)
  if (link === undefined) return end
  end.up = link.up
  if (link.mtuBytes !== 1500) end.mtu = link.mtuBytes
  if (link.master !== undefined) draft.leave(end.where, `${name}: it is a port of ${link.master}`)
  addAddresses(end, { host: there, draft })
  addRoutes(end, { host: there, draft })
  return end
}

/** Where one setting of the kernel is several words of ours. */
function tidy({ block }: FoundLink, kind: LinkKind): void {
  for (const end of ['local', 'remote', 'group'])
    if (isNoAddress(block[end])) Reflect.deleteProperty(block, end)
  const { group, ageingSeconds, inputKey, outputKey } = block
  if (kind === 'vxlan' && typeof group === 'string' && !isMulticast(group)) {
    Reflect.deleteProperty(block, 'group')
    block['remote'] = group
  }
  if (ageingSeconds === 0) {
    Reflect.deleteProperty(block, 'ageingSeconds')
    block['noAge'] = true
  }
  if (inputKey === undefined || inputKey !== outputKey) return
  for (const name of ['inputKey', 'outputKey']) Reflect.deleteProperty(block, name)
  block['key'] = inputKey
}

const MULTICAST = ['224.0.0.0/4', 'ff00::/8'].flatMap((text) => parsePrefix(text) ?? [])

function isMulticast(text: string): boolean {
  const address = parseAddress(text)
  return address !== undefined && MULTICAST.some((prefix) => containsAddress(prefix, address))
}

const EVERYBODY = '00:00:00:00:00:00'

/** Without the entry that the kernel makes for `remote` or `group`. */
function addForwarding(found: FoundLink, { link, host }: { link: ObservedLink; host: ObservedHost }): void {
  const own = link.settings['group']
  const entries = host.forwarding
    .filter((one) => one.link === link.name && !one.learned)
    .filter((one) => !(one.hardwareAddress === EVERYBODY && one.destination === own))
    .map(({ hardwareAddress, destination }) =>
      hardwareAddress === EVERYBODY ? { destination } : { hardwareAddress, destination },
    )
  if (entries.length > 0) found.block['forwarding'] = entries
}

interface OnLink {
  readonly host: ObservedNamespace
  readonly draft: ImportDraft
}

function addAddresses(found: FoundLink, { host, draft }: OnLink): void {
  for (const one of host.addresses.filter(({ link }) => link === found.name)) {
    if (one.dynamic === true && one.protocol !== RTPROT_KERNEL) {
      draft.leave(
        found.where,
        `${found.name}: ${one.local}, which expires: whoever renews it goes on doing so`,
      )
    } else if (!isKernelMade(one)) found.addresses.push(writtenAddress(one))
  }
}

const writtenAddress = ({ local, prefixLength, peer }: ObservedAddress): FoundLink['addresses'][number] =>
  peer === undefined ? `${local}/${prefixLength}` : { local, peer: `${peer}/${prefixLength}` }

function addRoutes(found: FoundLink, { host, draft }: OnLink): void {
  const own = host.routes.filter(({ link, type }) => link === found.name && type === RTN_UNICAST)
  for (const route of own) {
    if (route.protocol === RTPROT_KERNEL || route.protocol === RTPROT_RA) continue
    if (WRITTEN.has(route.protocol)) found.routes.push(writtenRoute(route))
    else
      draft.leave(
        found.where,
        `${found.name}: the route to ${route.destination}, which some daemon looks after`,
      )
  }
}

function writtenRoute({
  destination,
  gateway,
  table,
  metric,
  mtuBytes,
}: ObservedRoute): FoundLink['routes'][number] {
  const usual = destination.includes(':') ? IP6_RT_PRIO_USER : 0
  return {
    to: destination,
    ...(gateway === undefined ? {} : { via: gateway }),
    table,
    ...(metric === usual ? {} : { metric }),
    ...(mtuBytes === undefined ? {} : { mtu: mtuBytes }),
  }
}

/** Where a port cannot be declared, a list of the others would put it out: then nobody is listed. */
function addMembership({ name, master }: ObservedLink, { draft, host }: OnLink): void {
  const found = draft.links.get(master ?? '')
  if (master === undefined) return
  if (found === undefined) {
    if (draft.links.has(name)) draft.leave(WHERE, `${name}: it is a port of ${master}`)
    return
  }
  const strangers = host.links.filter((one) => one.master === master && !draft.links.has(one.name))
  if (draft.links.has(name) || strangers.every(({ kind }) => kind === '')) draft.enslave(name, master)
  else draft.leave(WHERE, `${master}: its port ${name}, since some ports of it cannot be declared`)
}
