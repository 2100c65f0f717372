/**
 * An interface that is wanted → the wg-quick file that makes it. Pure.
 *
 * wg-quick(8) derives routes from allowed IPs; where the intent's routes are those, the file leaves it so
 * (`Table` absent), otherwise the file switches that off and has each route as a command. What a file cannot
 * do, watch a direct path and withdraw it, it does not promise: such peers are left to their relay.
 */
import {
  type AddressIntent,
  contains,
  type KeySource,
  parsePrefix,
  type PeerIntent,
  type RouteIntent,
  type WireGuardIntent,
} from '../../model/index.ts'
import {
  EMPTY_INTERFACE,
  type WgConfig,
  type WgInterface,
  type WgPeer,
} from '../../protocols/wireguard/formats/index.ts'

const MAIN_TABLE = 254
/** People look for names: peer-2 before peer-10. */
const byName = new Intl.Collator('en', { numeric: true })

export interface ConfigOptions {
  /** The key itself, or the file on the node that has it; undefined when only its owner has it. */
  readonly privateKey: { readonly text: string } | { readonly file: string } | undefined
  readonly presharedKey: (source: KeySource) => string
  /** Keep direct peers beside a relay, although nothing withdraws them when their path is down. */
  readonly direct?: boolean
}

export function configOfIntent(node: string, wanted: WireGuardIntent, options: ConfigOptions): WgConfig {
  const kept = wanted.peers
    .filter((peer) => peer.path === 'always' || options.direct === true)
    .toSorted((a, b) => byName.compare(a.node ?? a.publicKey, b.node ?? b.publicKey))
  const routing = routingOf(wanted, kept)
  const key = options.privateKey
  const pairs = wanted.addresses.filter((address) => address.peer !== undefined)
  const section: WgInterface = {
    ...EMPTY_INTERFACE,
    comments: [
      node,
      ...(wanted.publicKey === undefined ? [] : [`PublicKey = ${wanted.publicKey}`]),
      ...(key === undefined ? ['The private key is with its owner and has to be put in: PrivateKey ='] : []),
    ],
    addresses: wanted.addresses
      .filter((one) => one.peer === undefined)
      .map((one) => `${one.local}/${one.prefixLength}`),
    ...(key && 'text' in key ? { privateKey: key.text } : {}),
    ...(wanted.listenPort === undefined ? {} : { listenPort: wanted.listenPort }),
    ...(wanted.fwmark === undefined ? {} : { fwmark: wanted.fwmark }),
    mtuBytes: wanted.mtuBytes,
    ...(routing.table === undefined ? {} : { table: routing.table }),
    postUp: [
      ...(key && 'file' in key ? [`wg set %i private-key ${key.file}`] : []),
      ...pairs.map(pairCommand),
      ...routing.commands,
      ...forwardingCommands(wanted, 'up'),
    ],
    postDown: forwardingCommands(wanted, 'down'),
  }
  return { interface: section, peers: kept.map((peer) => configOfPeer(peer, options)) }
}

function configOfPeer(peer: PeerIntent, options: ConfigOptions): WgPeer {
  return {
    comments: peer.node === undefined ? [] : [peer.node],
    publicKey: peer.publicKey,
    ...(peer.presharedKey === undefined ? {} : { presharedKey: options.presharedKey(peer.presharedKey) }),
    ...(peer.endpoint === undefined ? {} : { endpoint: peer.endpoint }),
    allowedIPs: peer.allowedIPs,
    ...(peer.persistentKeepaliveSeconds === 0
      ? {}
      : { persistentKeepaliveSeconds: peer.persistentKeepaliveSeconds }),
  }
}

interface Routing {
  /** Undefined: wg-quick's own way, `auto`. */
  readonly table: string | undefined
  readonly commands: readonly string[]
}

function routingOf(wanted: WireGuardIntent, peers: readonly PeerIntent[]): Routing {
  // Policy rules are in an intent only for a default route, and there they are what wg-quick makes itself.
  if (wanted.rules.length > 0) return { table: undefined, commands: [] }
  const allowed = new Set(peers.flatMap((peer) => peer.allowedIPs))
  const automatic = [...allowed].filter((prefix) => !isConnected(prefix, wanted.addresses))
  const destinations = wanted.routes.map((route) => route.destination)
  const tables = new Set(wanted.routes.map((route) => route.table))
  const simple = wanted.routes.every((route) => route.metric === undefined) && tables.size <= 1
  const [table = MAIN_TABLE] = tables
  if (simple && table === MAIN_TABLE && sameMembers(destinations, automatic))
    return { table: undefined, commands: [] }
  // In a table of its own nothing is connected, so wg-quick adds every allowed IP there.
  if (simple && table !== MAIN_TABLE && sameMembers(destinations, [...allowed])) {
    return { table: String(table), commands: [] }
  }
  return { table: 'off', commands: wanted.routes.map(routeCommand) }
}

function isConnected(prefix: string, addresses: readonly AddressIntent[]): boolean {
  const inner = parsePrefix(prefix)
  return addresses.some((address) => {
    const outer = address.peer === undefined ? networkOf(address) : undefined
    return outer !== undefined && inner !== undefined && contains(outer, inner)
  })
}

function networkOf(address: AddressIntent): ReturnType<typeof parsePrefix> {
  return parsePrefix(`${address.local}/${address.prefixLength}`)
}

function sameMembers(a: readonly string[], b: readonly string[]): boolean {
  const [left, right] = [new Set(a), new Set(b)]
  return left.size === right.size && [...left].every((member) => right.has(member))
}

function routeCommand({ destination, table, metric }: RouteIntent): string {
  const family = destination.includes(':') ? '-6' : '-4'
  const where = table === MAIN_TABLE ? '' : ` table ${table}`
  return `ip ${family} route add ${destination} dev %i${where}${metric === undefined ? '' : ` metric ${metric}`}`
}

function pairCommand({ local, peer, prefixLength }: AddressIntent): string {
  const family = local.includes(':') ? '-6' : '-4'
  return `ip ${family} address add ${local} peer ${peer}/${prefixLength} dev %i`
}

/**
 * What a relay needs, and its exact removal. The kernel forwards IPv4 by the interface a packet came in on, and
 * that switch goes with the interface; IPv6 only has a switch for the whole machine before Linux 6.17
 * (`force_forwarding`), which is left on because others may have come to rely on it. The filter rule matters
 * where something else, such as docker, set the policy of FORWARD to DROP.
 */
function forwardingCommands({ forwards }: WireGuardIntent, when: 'up' | 'down'): string[] {
  const commands: string[] = []
  if (when === 'up' && forwards.inet) commands.push('sysctl -q -w net.ipv4.conf.%i.forwarding=1')
  if (when === 'up' && forwards.inet6) {
    commands.push(
      'sysctl -q -w net.ipv6.conf.%i.force_forwarding=1 2>/dev/null || sysctl -q -w net.ipv6.conf.all.forwarding=1',
    )
  }
  const verb = when === 'up' ? '-I' : '-D'
  const filter = (program: string): string =>
    `if command -v ${program} >/dev/null; then ${program} ${verb} FORWARD -i %i -o %i -j ACCEPT; fi`
  if (forwards.inet) commands.push(filter('iptables'))
  if (forwards.inet6) commands.push(filter('ip6tables'))
  return commands
}
