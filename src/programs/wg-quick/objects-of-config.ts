/**
 * A wg-quick file, or an interface as it runs, → a WireGuardInterface object and the Secret with its keys. Pure.
 * Only what an object needs is written; defaults are left to the schema. `adopt`: somebody else made the interface.
 */
import type { EndpointText, WgConfig } from '../../protocols/wireguard/formats/index.ts'
import { formatEndpoint } from '../../protocols/wireguard/formats/index.ts'

export interface ImportedInterface {
  /** Of the object, and of the Secret. */
  readonly name: string
  readonly object: object
  /** Undefined when there is no key at all. */
  readonly secret: object | undefined
  /** What the file says and an object cannot. */
  readonly leftOut: readonly string[]
}

export interface ImportOptions {
  readonly node: string
  readonly interfaceName: string
  /** Where routes to allowed IPs are, when that is known better than from the file. */
  readonly table?: 'main' | 'off' | number
  readonly pairs?: readonly { readonly local: string; readonly peer: string }[]
}

export function objectsOfConfig(
  { interface: section, peers }: WgConfig,
  options: ImportOptions,
): ImportedInterface {
  const name = `${options.node}-${options.interfaceName}`.toLowerCase().replaceAll(/[^a-z0-9.-]/g, '-')
  const keys: Record<string, string> = {}
  const refTo = (entry: string, key: string): { name: string; key: string } => {
    keys[entry] = key
    return { name, key: entry }
  }
  const spec = {
    node: options.node,
    interfaceName: options.interfaceName,
    ...(section.privateKey === undefined
      ? {}
      : { privateKeySecretRef: refTo('privateKey', section.privateKey) }),
    addresses: [...section.addresses, ...(options.pairs ?? [])],
    ...(section.listenPort === undefined || section.listenPort === 0
      ? {}
      : { listenPort: section.listenPort }),
    mtu: section.mtuBytes ?? 1420,
    table: options.table ?? tableOf(section.table),
    ...(section.fwmark === undefined || section.fwmark === 0 ? {} : { fwmark: section.fwmark }),
    adopt: true,
    peers: peers.map((peer, index) => ({
      publicKey: peer.publicKey,
      ...nodeOf(peer.comments),
      ...(peer.presharedKey === undefined
        ? {}
        : { presharedKeySecretRef: refTo(`presharedKey-${index + 1}`, peer.presharedKey) }),
      allowedIPs: peer.allowedIPs,
      ...(peer.endpoint === undefined || hasZone(peer.endpoint)
        ? {}
        : { endpoint: formatEndpoint(peer.endpoint) }),
      ...(peer.persistentKeepaliveSeconds ? { persistentKeepalive: peer.persistentKeepaliveSeconds } : {}),
    })),
  }
  return {
    name,
    object: { apiVersion: 'warren.dev/v1alpha1', kind: 'WireGuardInterface', metadata: { name }, spec },
    secret:
      Object.keys(keys).length === 0
        ? undefined
        : { apiVersion: 'v1', kind: 'Secret', metadata: { name }, stringData: keys },
    leftOut: [
      ...leftOut(section),
      ...(peers.some((peer) => peer.endpoint && hasZone(peer.endpoint)) ? ['Endpoint with a zone'] : []),
    ],
  }
}

/** `fe80::1%eth0` names a link of one machine; a plan is for all of them. */
function hasZone({ host }: EndpointText): boolean {
  return host.includes('%')
}

/** wg-quick's `auto` is the main table, save for a default route. */
function tableOf(table: string | undefined): 'main' | 'off' | number {
  if (table === 'off') return 'off'
  const number = Number(table ?? Number.NaN)
  return Number.isInteger(number) && number > 0 ? number : 'main'
}

/** The first comment of a peer is its name, when it could be one. */
function nodeOf(comments: readonly string[]): { node?: string } {
  const [first = ''] = comments
  return /^[a-z0-9](?:[a-z0-9.-]{0,61}[a-z0-9])?$/.test(first) ? { node: first } : {}
}

function leftOut(section: WgConfig['interface']): string[] {
  const left: string[] = []
  if (section.dns.length + section.searchDomains.length > 0) left.push('DNS')
  const hooks = {
    PreUp: section.preUp,
    PostUp: section.postUp,
    PreDown: section.preDown,
    PostDown: section.postDown,
  }
  for (const [key, commands] of Object.entries(hooks)) if (commands.length > 0) left.push(key)
  if (section.saveConfig) left.push('SaveConfig')
  const { table } = section
  if (table !== undefined && table !== 'auto' && table !== 'off' && Number.isNaN(Number(table)))
    left.push(`Table ${table}`)
  return left
}
