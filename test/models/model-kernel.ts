/**
 * The kernel's links as a story: objects that point at each other, in namespaces that are lists. It does what steps
 * say and refuses what the kernel refuses; it knows no marks, no intents and no order.
 *
 *   a link that goes takes along     what is on top of it (VLANs, macvlans, vxlans), its other end (veth)
 *   a link that goes down loses      its routes, its IPv6 addresses; VLANs on it go down too
 */
import { altNameOf, netnsNameOf, WARREN_PROTOCOL } from '../../src/model/index.ts'
import type {
  AddressIntent,
  ForwardingIntent,
  LinkSettings,
  NetnsName,
  ObservedAddress,
  ObservedContainer,
  ObservedHost,
  ObservedLink,
  ObservedNamespace,
  ObservedRoute,
  Step,
} from '../../src/model/index.ts'

export interface ModelLink {
  readonly index: number
  name: string
  readonly kind: string
  up: boolean
  mtu: number
  altNames: string[]
  hardwareAddress: string
  settings: LinkSettings
  parent: ModelLink | undefined
  master: ModelLink | undefined
  peer: ModelLink | undefined
  addresses: Omit<ObservedAddress, 'link'>[]
  routes: Omit<ObservedRoute, 'link'>[]
  forwarding: { hardwareAddress: string; destination: string; learned: boolean }[]
  key: string | undefined
}

const SETTLED_FOR_GOOD: Readonly<Record<string, readonly string[]>> = {
  vxlan: ['id', 'port', 'sourcePortLow', 'sourcePortHigh', 'proxy', 'udpChecksum', 'limit', 'external'],
  vlan: ['id', 'protocol', 'link'],
  vrf: ['table'],
  macvlan: ['link'],
}
const TUNNELS = ['ipip', 'ip6tnl', 'gre', 'ip6gre', 'gretap', 'ip6gretap']
const NO_ETHERNET = ['wireguard', 'ipip', 'ip6tnl', 'gre', 'ip6gre', 'vrf', 'bridge']
const HEADROOM: Readonly<Record<string, number>> = { vxlan: 50, vlan: 0, macvlan: 0, ipip: 20, gre: 24 }

type StepOf<K extends Step['kind']> = Extract<Step, { kind: K }>

export class ModelKernel {
  readonly namespaces = new Map<NetnsName, ModelLink[]>([['', []]])
  #lastIndex = 1

  /** What it says no with; undefined: done. */
  apply(step: Step): string | undefined {
    const here = this.namespaces.get(netnsNameOf(step.in))
    if (here === undefined) return 'ENOENT'
    if (step.kind === 'link-add') return this.#add(step, here)
    if (step.kind === 'link-create') return this.#create(step, here)
    if (!('link' in step)) return undefined
    const link = here.find((l) => l.name === step.link)
    if (link === undefined) return `ENODEV ${step.link}`
    return change(link, { step, here, kernel: this })
  }

  #add(step: StepOf<'link-add'>, here: ModelLink[]): string | undefined {
    const { link: parentName, ...settings } = step.settings
    const parent = here.find((l) => l.name === parentName)
    if (parentName !== undefined && parent === undefined) return `ENODEV ${parentName}`
    const there = this.namespaces.get(netnsNameOf(step.peer?.in))
    if (taken(here, step.link) || there === undefined) return `EEXIST ${step.link}`
    if (step.peer !== undefined && taken(there, step.peer.link)) return `EEXIST ${step.peer.link}`
    if (isTwin(here, step)) return `EEXIST: another ${step.type} is the same`
    const headroom = HEADROOM[step.type]
    const most = parent === undefined || headroom === undefined ? undefined : parent.mtu - headroom
    if (step.type === 'vlan' && (step.mtuBytes ?? 0) > (most ?? 65535)) return 'ERANGE'
    const link = this.#new({ name: step.link, kind: step.type, mtu: step.mtuBytes ?? most ?? 1500 })
    Object.assign(link, { settings, parent, hardwareAddress: step.hardwareAddress ?? link.hardwareAddress })
    here.push(link)
    if (step.peer === undefined) return undefined
    const end = this.#new({ name: step.peer.link, kind: 'veth', mtu: step.peer.mtuBytes ?? 1500 })
    Object.assign(end, { peer: link, hardwareAddress: step.peer.hardwareAddress ?? end.hardwareAddress })
    link.peer = end
    there.push(end)
    return undefined
  }

  #create(step: StepOf<'link-create'>, here: ModelLink[]): string | undefined {
    if (taken(here, step.link)) return `EEXIST ${step.link}`
    const link = this.#new({ name: step.link, kind: 'wireguard', mtu: step.mtuBytes })
    link.altNames.push(altNameOf(step.link))
    here.push(link)
    return undefined
  }

  #new(o: { readonly name: string; readonly kind: string; readonly mtu: number }): ModelLink {
    const index = ++this.#lastIndex
    return {
      ...{
        ...o,
        index,
        up: false,
        altNames: [],
        settings: {},
        hardwareAddress: `02:00:00:00:00:${hex(index)}`,
      },
      ...{ parent: undefined, master: undefined, peer: undefined, key: undefined },
      ...{ addresses: [], routes: [], forwarding: [] },
    }
  }

  all(): ModelLink[] {
    return [...this.namespaces.values()].flat()
  }

  namespaceOf(link: ModelLink): ModelLink[] | undefined {
    return [...this.namespaces.values()].find((links) => links.includes(link))
  }

  delete(link: ModelLink): void {
    const here = this.namespaceOf(link)
    if (here === undefined) return
    here.splice(here.indexOf(link), 1)
    for (const other of this.all()) {
      if (other.master === link) other.master = undefined
      if (other.parent !== link) continue
      if (['vlan', 'macvlan', 'vxlan'].includes(other.kind)) this.delete(other)
      else other.parent = undefined
    }
    if (link.peer !== undefined) this.delete(link.peer)
  }

  /** To another namespace: down, without addresses, out of everything. */
  move(link: ModelLink, to: NetnsName): void {
    const [from, there] = [this.namespaceOf(link), this.namespaces.get(to)]
    if (from === undefined || there === undefined || from === there || taken(there, link.name)) return
    setUp(link, false, this)
    Object.assign(link, { master: undefined, addresses: [] })
    from.splice(from.indexOf(link), 1)
    there.push(link)
  }

  observe(): ObservedHost {
    const containers: Record<NetnsName, ObservedContainer> = {}
    for (const [netns, links] of this.namespaces)
      if (netns !== '') containers[netns] = { kind: 'present', ...look(links) }
    return { ...look(this.namespaces.get('') ?? []), containers }
  }
}

const hex = (n: number): string => (n % 256).toString(16).padStart(2, '0')

const taken = (links: readonly ModelLink[], name: string): boolean =>
  links.some((l) => l.name === name || l.altNames.includes(name))

/** What the kernel tells links of a kind apart by. */
const isTwin = (here: readonly ModelLink[], step: StepOf<'link-add'>): boolean => {
  const keys = { vxlan: ['id', 'port'], vrf: ['table'], ipip: ['local', 'remote'], gre: ['local', 'remote'] }
  const own = (keys as Record<string, string[]>)[step.type]
  if (step.type === 'vlan')
    return here.some((l) => l.parent?.name === step.settings.link && l.settings.id === step.settings.id)
  return (
    own !== undefined &&
    here.some((l) => l.kind === step.type && own.every((k) => l.settings[k] === step.settings[k]))
  )
}

interface Doing {
  readonly step: Step
  readonly here: ModelLink[]
  readonly kernel: ModelKernel
}

const change = (link: ModelLink, { step, here, kernel }: Doing): string | undefined => {
  switch (step.kind) {
    case 'link-mark':
      if (taken(here, altNameOf(link.name))) return 'EEXIST'
      link.altNames.push(altNameOf(link.name))
      return undefined
    case 'link-delete':
      kernel.delete(link)
      return undefined
    case 'link-set':
      return set(link, { step, here, kernel })
    case 'address-add':
      return addAddress(link, step.address)
    case 'address-delete': {
      const before = link.addresses.length
      link.addresses = link.addresses.filter((a) => !sameAddress(a, step.address))
      return link.addresses.length === before ? 'EADDRNOTAVAIL' : undefined
    }
    case 'route-add':
    case 'route-delete':
      return changeRoute(link, step)
    case 'forwarding-add':
    case 'forwarding-delete':
      return changeForwarding(link, step)
    case 'wireguard-set':
      if (step.change.privateKey !== undefined) link.key = 'own'
      return undefined
    case 'link-add':
    case 'link-create':
    case 'device-start':
    case 'rule-add':
    case 'rule-delete':
    case 'sysctl-set':
      return `not known: ${step.kind}`
  }
}

const set = (
  link: ModelLink,
  o: { readonly step: StepOf<'link-set'>; readonly here: ModelLink[]; readonly kernel: ModelKernel },
): string | undefined => {
  const { step, here, kernel } = o
  if (step.name !== undefined) {
    if (link.up) return 'EBUSY'
    if (taken(here, step.name)) return 'EEXIST'
    link.name = step.name
  }
  if (step.settings !== undefined) {
    const refusal = setSettings(link, { step, settings: step.settings, here })
    if (refusal !== undefined) return refusal
  }
  if (step.mtuBytes !== undefined) {
    if (link.kind === 'vlan' && step.mtuBytes > (link.parent?.mtu ?? 0)) return 'ERANGE'
    link.mtu = step.mtuBytes
    for (const other of kernel.all())
      if (other.parent === link && ['vlan', 'macvlan'].includes(other.kind))
        other.mtu = Math.min(other.mtu, link.mtu)
  }
  if (step.hardwareAddress !== undefined) link.hardwareAddress = step.hardwareAddress
  if (step.master !== undefined) {
    const refusal = setMaster(link, { name: step.master, here, kernel })
    if (refusal !== undefined) return refusal
  }
  if (step.up === true && link.kind === 'vlan' && link.parent?.up !== true) return 'ENETDOWN'
  if (step.up !== undefined) setUp(link, step.up, kernel)
  return undefined
}

const setSettings = (
  link: ModelLink,
  o: { readonly step: StepOf<'link-set'>; readonly settings: LinkSettings; readonly here: ModelLink[] },
): string | undefined => {
  const { step, settings, here } = o
  const fixed = Object.keys(settings).filter((key) => SETTLED_FOR_GOOD[link.kind]?.includes(key))
  if (step.type !== link.kind || fixed.length > 0) return `EOPNOTSUPP ${fixed.join(' ')}`
  if (link.kind === 'vxlan' && step.mtuBytes !== undefined) return 'EOPNOTSUPP mtu'
  const { link: parent, ...rest } = settings
  if (parent !== undefined) {
    link.parent = here.find((l) => l.name === parent)
    if (link.parent === undefined) return `ENODEV ${parent}`
  }
  if (TUNNELS.includes(link.kind)) {
    link.settings = rest
    if (parent === undefined) link.parent = undefined
  } else link.settings = { ...link.settings, ...rest }
  return undefined
}

const setMaster = (
  link: ModelLink,
  o: { readonly name: string | null; readonly here: ModelLink[]; readonly kernel: ModelKernel },
): string | undefined => {
  if (o.name === null) {
    link.master = undefined
    return undefined
  }
  const master = o.here.find((l) => l.name === o.name)
  if (master === undefined) return `ENODEV ${o.name}`
  if (master.kind !== 'bridge' && master.kind !== 'vrf') return 'EOPNOTSUPP'
  if (master.kind === 'bridge' && NO_ETHERNET.includes(link.kind)) return 'EINVAL'
  if (master.kind === 'vrf' && link.kind === 'vrf') return 'EINVAL'
  for (let below = link.parent; below !== undefined; below = below.parent)
    if (below === master) return 'ELOOP'
  if (link.master === master) return undefined
  link.master = master
  if (master.kind === 'vrf' && link.up) {
    setUp(link, false, o.kernel)
    setUp(link, true, o.kernel)
  }
  return undefined
}

export const setUp = (link: ModelLink, up: boolean, kernel: ModelKernel): void => {
  if (link.up === up) return
  link.up = up
  if (up) {
    const local = `fe80::${link.index.toString(16)}`
    if (link.kind !== 'wireguard') link.addresses.push({ local, prefixLength: 64, protocol: 3, scope: 253 })
    return
  }
  link.routes = []
  link.addresses = link.addresses.filter((a) => !a.local.includes(':'))
  for (const other of kernel.all())
    if (other.kind === 'vlan' && other.parent === link) setUp(other, false, kernel)
}

const sameAddress = (a: AddressIntent, b: AddressIntent): boolean =>
  a.local === b.local && a.prefixLength === b.prefixLength && a.peer === b.peer

const addAddress = (link: ModelLink, address: AddressIntent): string | undefined => {
  const clash = link.addresses.some(
    (a) => a.local === address.local && (a.local.includes(':') || a.prefixLength === address.prefixLength),
  )
  if (clash) return `EEXIST ${address.local}`
  link.addresses.push({ ...address, protocol: WARREN_PROTOCOL, scope: 0 })
  return undefined
}

const changeRoute = (
  link: ModelLink,
  { kind, route }: StepOf<'route-add' | 'route-delete'>,
): string | undefined => {
  const { destination, table, metric = 0, gateway, mtuBytes } = route
  const found = link.routes.findIndex(
    (r) => r.destination === destination && r.table === table && r.metric === metric && r.gateway === gateway,
  )
  if (kind === 'route-delete') {
    if (found < 0) return 'ESRCH'
    link.routes.splice(found, 1)
    return undefined
  }
  if (!link.up) return 'ENETDOWN'
  if (found >= 0) return 'EEXIST'
  const mtu = mtuBytes === undefined ? {} : { mtuBytes }
  link.routes.push({ destination, table, metric, gateway, protocol: WARREN_PROTOCOL, type: 1, ...mtu })
  return undefined
}

const sameEntry = (a: ForwardingIntent, b: ForwardingIntent): boolean =>
  a.hardwareAddress === b.hardwareAddress && a.destination === b.destination

const changeForwarding = (
  link: ModelLink,
  { kind, entry }: StepOf<'forwarding-add' | 'forwarding-delete'>,
): string | undefined => {
  if (link.kind !== 'vxlan') return 'EOPNOTSUPP'
  const others = link.forwarding.filter((e) => !sameEntry(e, entry))
  if (kind === 'forwarding-delete' && others.length === link.forwarding.length) return 'ENOENT'
  link.forwarding = kind === 'forwarding-add' ? [...others, { ...entry, learned: false }] : others
  return undefined
}

const look = (links: readonly ModelLink[]): ObservedNamespace => ({
  links: links.map((l) => lookAt(l, links)),
  addresses: links.flatMap((l) => l.addresses.map((a) => ({ ...a, link: l.name }))),
  routes: links.flatMap((l) => l.routes.map((r) => ({ ...r, link: l.name }))),
  forwarding: links.flatMap((l) => l.forwarding.map((f) => ({ ...f, link: l.name }))),
  wireguard: links.flatMap((l) =>
    l.kind === 'wireguard'
      ? [{ link: l.name, backend: 'kernel', publicKey: l.key, listenPort: 1, fwmark: 0, peers: [] } as const]
      : [],
  ),
  rules: [],
  sysctls: {},
})

const lookAt = (l: ModelLink, here: readonly ModelLink[]): ObservedLink => ({
  ...{ index: l.index, name: l.name, kind: l.kind, up: l.up, mtuBytes: l.mtu, altNames: [...l.altNames] },
  ...{ operState: l.up ? 'up' : 'down', flags: l.up ? ['UP'] : [], hardwareAddress: l.hardwareAddress },
  ...(l.master === undefined ? {} : { master: l.master.name }),
  ...(l.peer === undefined ? {} : { peerIndex: l.peer.index }),
  settings: {
    ...l.settings,
    ...(l.parent !== undefined && here.includes(l.parent) ? { link: l.parent.name } : {}),
  },
})
