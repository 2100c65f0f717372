/** The block of a type → what its link is told, in the kernel's words (model/link-intent.ts), and its kernel kind. */
import {
  formatAddress,
  type ForwardingIntent,
  type LinkKind,
  type LinkSettings,
  type NetlinkInterfaceSpec,
  parseAddress,
} from '../../model/index.ts'
import { compare } from '../problem-list.ts'

type Settings = Readonly<Record<string, string | number | boolean | undefined>>
type Tunnel = Omit<NonNullable<NetlinkInterfaceSpec['gre']>, 'ethernet'>

/** Tunnels are of another kind over IPv6; without addresses it is IPv4. */
export function kindOf(spec: NetlinkInterfaceSpec): LinkKind {
  switch (spec.type) {
    case 'ipip':
      return isV6(spec.ipip) ? 'ip6tnl' : 'ipip'
    case 'gre': {
      const kind = spec.gre?.ethernet === true ? 'gretap' : 'gre'
      return isV6(spec.gre) ? `ip6${kind}` : kind
    }
    case 'dummy':
    case 'bridge':
    case 'vxlan':
    case 'veth':
    case 'vlan':
    case 'vrf':
    case 'macvlan':
      return spec.type
  }
}

const isV6 = (tunnel: { local?: string | undefined; remote?: string | undefined } = {}): boolean =>
  (tunnel.remote ?? tunnel.local ?? '').includes(':')

export function linkSettings(spec: NetlinkInterfaceSpec): LinkSettings {
  return present(settingsOf(spec))
}

function settingsOf(spec: NetlinkInterfaceSpec): Settings {
  switch (spec.type) {
    case 'dummy':
    case 'veth':
      return {}
    case 'bridge':
      return bridgeSettings(spec.bridge)
    case 'vxlan':
      return vxlanSettings(spec.vxlan)
    case 'vlan':
      return { ...spec.vlan }
    case 'vrf':
      return { ...spec.vrf }
    case 'macvlan':
      return { ...spec.macvlan }
    case 'ipip':
      return tunnelSettings(spec.ipip)
    case 'gre': {
      if (spec.gre === undefined) return {}
      const { key, inputKey = key, outputKey = key } = spec.gre
      return { ...tunnelSettings(spec.gre), inputKey, outputKey }
    }
  }
}

function bridgeSettings(block: NetlinkInterfaceSpec['bridge'] = {}): Settings {
  const { ports: _, forwardDelay, helloTime, maxAge, ageingTime, ...rest } = block
  const times = { forwardDelay, helloTime, maxAge, ageingTime }
  const rounded = Object.entries(times).map(([name, value]) => [name, hundredths(value)] as const)
  return { ...rest, ...Object.fromEntries(rounded) }
}

/** 0.07 and 0.07000000000000001 are one time. */
const hundredths = (seconds: number | undefined): number | undefined =>
  seconds === undefined ? undefined : Math.round(seconds * 100) / 100

function vxlanSettings(block: NetlinkInterfaceSpec['vxlan']): Settings {
  if (block === undefined) return {}
  const { vni, remote, forwarding: _, group, noAge, ageingSeconds, sourcePortRange, ...rest } = block
  const ageing = noAge === true ? 0 : ageingSeconds
  return {
    ...rest,
    id: vni,
    local: canonical(rest.local),
    group: canonical(group ?? remote),
    ageing,
    sourcePortLow: sourcePortRange?.start,
    sourcePortHigh: sourcePortRange?.end,
  }
}

function tunnelSettings(block: Tunnel | undefined): Settings {
  if (block === undefined) return {}
  const { link, ttl, tos, pathMtuDiscovery, encapLimit } = block
  const outside = isV6(block) ? { encapLimit } : { pathMtuDiscovery }
  return { link, local: canonical(block.local), remote: canonical(block.remote), ttl, tos, ...outside }
}

/** Sorted and each once; without the one that the kernel makes for `remote` or `group` itself. */
export function forwardingOf({ vxlan }: NetlinkInterfaceSpec): readonly ForwardingIntent[] | undefined {
  const own = canonical(vxlan?.group ?? vxlan?.remote)
  const entries = vxlan?.forwarding?.map(({ hardwareAddress, destination }) => ({
    hardwareAddress: hardwareAddress.toLowerCase(),
    destination: canonical(destination) ?? destination,
  }))
  const keyOf = (one: ForwardingIntent): string => `${one.hardwareAddress} ${one.destination}`
  const byKey = new Map(entries?.map((one) => [keyOf(one), one]))
  byKey.delete(`${EVERYBODY} ${own}`)
  return entries && [...byKey.values()].toSorted((a, b) => compare(keyOf(a), keyOf(b)))
}

const EVERYBODY = '00:00:00:00:00:00'

function canonical(text: string | undefined): string | undefined {
  const address = text === undefined ? undefined : parseAddress(text)
  return address === undefined ? text : formatAddress(address)
}

const present = (settings: Settings): LinkSettings =>
  Object.fromEntries(
    Object.entries(settings).filter(
      (entry): entry is [string, string | number | boolean] => entry[1] !== undefined,
    ),
  )
