/**
 * A host in memory, for tests: does what steps say as the kernel does (addresses need their link, routes need it
 * up, IPv6 addresses and routes go when it goes down, allowed IPs belong to one peer at a time), and lets a test
 * break things. Passes the contract suite of the real one.
 */
import { altNameOf, WARREN_PROTOCOL } from '../model/index.ts'
import type {
  Backend,
  ObservedAddress,
  ObservedHost,
  ObservedLink,
  ObservedPeer,
  ObservedRoute,
  ObservedRule,
  ObservedWireGuard,
  PeerChange,
  Step,
  WireGuardChange,
  WireGuardIntent,
} from '../model/index.ts'
import { peerId } from '../reconcile/index.ts'
import { idOf } from './by-link.ts'
import type { Devices } from './by-link.ts'
import type { Closeable } from './clock.ts'
import type { Host, ResolvedKeys, StepFailure } from './host.ts'
import { keyDigest, publicKeyOf } from './key-pair.ts'

type Mutable<T> = { -readonly [K in keyof T]: T[K] }
type FakeDevice = Mutable<Omit<ObservedWireGuard, 'peers'>> & { peers: Map<string, Mutable<ObservedPeer>> }

export class FakeHost implements Host {
  readonly backend: Backend
  links: Mutable<ObservedLink>[] = []
  addresses: ObservedAddress[] = []
  routes: ObservedRoute[] = []
  rules: ObservedRule[] = []
  sysctls: Record<string, string> = {}
  readonly devices = new Map<string, FakeDevice>()
  /** Every step applied, and observations counted. */
  readonly applied: Step[] = []
  observations = 0
  /** Refuses a step with this message. */
  refuse: (step: Step) => string | undefined = () => undefined
  /** Runs after each application, as another program on the host would. */
  interfere: () => void = () => {}
  readonly #watchers = new Set<(what: string) => void>()

  constructor(backend: Backend = 'kernel') {
    this.backend = backend
  }

  observe(): Promise<ObservedHost> {
    this.observations++
    return Promise.resolve(
      structuredClone({
        links: this.links,
        addresses: this.addresses,
        routes: this.routes,
        rules: this.rules,
        wireguard: this.#wireguard(),
        forwarding: [],
        containers: {},
        sysctls: this.sysctls,
      }),
    )
  }

  peek(wanted: readonly WireGuardIntent[]): Promise<Devices> {
    const ids = new Set(wanted.map(idOf))
    const devices = this.#wireguard().filter((d) => ids.has(d.link))
    return Promise.resolve(new Map(structuredClone(devices).map((d) => [d.link, d])))
  }

  keep(): Promise<void> {
    return Promise.resolve()
  }

  #wireguard(): ObservedWireGuard[] {
    return [...this.devices.values()].map((d) => ({ ...d, peers: [...d.peers.values()] }))
  }

  apply(steps: readonly Step[], keys: ResolvedKeys): Promise<readonly StepFailure[]> {
    const failures: StepFailure[] = []
    for (const step of steps) {
      const message = this.refuse(step) ?? this.#apply(step, keys)
      if (message === undefined) this.applied.push(step)
      else failures.push({ step, message })
    }
    this.interfere()
    return Promise.resolve(failures)
  }

  watch(onEvent: (what: string) => void): Closeable {
    this.#watchers.add(onEvent)
    return { close: () => this.#watchers.delete(onEvent) }
  }

  /** What a kernel event would say. */
  tell(what: string): void {
    for (const watcher of this.#watchers) watcher(what)
  }

  close(): void {
    this.#watchers.clear()
  }

  #apply(step: Step, keys: ResolvedKeys): string | undefined {
    switch (step.kind) {
      case 'link-add':
      case 'forwarding-add':
      case 'forwarding-delete':
        return `${step.kind} is not known here`
      case 'link-create':
        return this.#createLink(step)
      case 'link-mark':
        return this.#link(step.link, (l) => (l.altNames = [...l.altNames, altNameOf(l.name)]))
      case 'link-delete':
        return this.#link(step.link, () => this.deleteLink(step.link))
      case 'link-set':
        return this.#link(step.link, (l) => {
          if (step.up !== undefined) this.setUp(step.link, step.up)
          if (step.mtuBytes !== undefined) l.mtuBytes = step.mtuBytes
        })
      case 'device-start':
        return this.#link(step.link, () => this.#startDevice(step.link, 'userspace'))
      case 'wireguard-set':
        return this.#configure(step.link, step.change, keys)
      case 'address-add':
        return this.#link(step.link, () =>
          this.addresses.push({ link: step.link, ...step.address, protocol: WARREN_PROTOCOL, scope: 0 }),
        )
      case 'address-delete':
        this.addresses = this.addresses.filter(
          (a) => a.link !== step.link || a.local !== step.address.local || a.peer !== step.address.peer,
        )
        return undefined
      case 'route-add':
        return this.#addRoute(step)
      case 'route-delete':
        this.routes = this.routes.filter(
          (r) => r.link !== step.link || r.destination !== step.route.destination,
        )
        return undefined
      case 'rule-add':
        this.rules.push({ priority: 100 + this.rules.length, ...step.rule, protocol: WARREN_PROTOCOL })
        return undefined
      case 'rule-delete':
        this.rules = this.rules.filter((r) => r.priority !== step.rule.priority)
        return undefined
      case 'sysctl-set':
        this.sysctls[step.path] = step.value
        return undefined
    }
  }

  #createLink(step: Extract<Step, { kind: 'link-create' }>): string | undefined {
    if (this.links.some((l) => l.name === step.link)) return 'EEXIST'
    this.links.push({
      index: this.links.length + 2,
      name: step.link,
      kind: step.backend === 'kernel' ? 'wireguard' : 'tun',
      up: false,
      mtuBytes: step.mtuBytes,
      altNames: [altNameOf(step.link)],
      operState: 'down',
      flags: [],
      settings: {},
    })
    this.sysctls[`net/ipv4/conf/${step.link}/forwarding`] = '0'
    this.#startDevice(step.link, step.backend)
    return undefined
  }

  #startDevice(link: string, backend: Backend): void {
    this.devices.set(link, {
      link,
      backend,
      publicKey: undefined,
      listenPort: 0,
      fwmark: 0,
      peers: new Map(),
    })
  }

  #link(name: string, change: (link: Mutable<ObservedLink>) => void): string | undefined {
    const link = this.links.find((l) => l.name === name)
    if (link === undefined) return 'ENODEV'
    change(link)
    return undefined
  }

  #addRoute(step: Extract<Step, { kind: 'route-add' | 'route-delete' }>): string | undefined {
    if (!this.links.some((l) => l.name === step.link && l.up)) return 'ENETDOWN'
    const { destination, table, metric = 0 } = step.route
    this.routes.push({
      destination,
      table,
      metric,
      link: step.link,
      gateway: undefined,
      protocol: WARREN_PROTOCOL,
      type: 1,
    })
    return undefined
  }

  #configure(link: string, change: WireGuardChange, keys: ResolvedKeys): string | undefined {
    const device = this.devices.get(link)
    if (device === undefined) return 'ENODEV'
    if (change.privateKey !== undefined) {
      const key = keys.privateKeys.get(link)
      if (key === undefined) return 'no key'
      device.publicKey = publicKeyOf(key.reveal())
    }
    if (change.listenPort !== undefined) device.listenPort = change.listenPort
    if (change.fwmark !== undefined) device.fwmark = change.fwmark
    for (const peer of change.peers) configurePeer(device, peer, keys)
    return undefined
  }

  deleteLink(name: string): void {
    this.setUp(name, false)
    this.links = this.links.filter((l) => l.name !== name)
    this.addresses = this.addresses.filter((a) => a.link !== name)
    this.devices.delete(name)
  }

  setUp(name: string, up: boolean): void {
    for (const link of this.links) if (link.name === name) link.up = up
    if (up) return
    this.routes = this.routes.filter((r) => r.link !== name)
    this.addresses = this.addresses.filter((a) => a.link !== name || !a.local.includes(':'))
  }
}

const configurePeer = (device: FakeDevice, change: PeerChange, keys: ResolvedKeys): void => {
  if (change.kind === 'remove') {
    device.peers.delete(change.publicKey)
    return
  }
  const peer = device.peers.get(change.publicKey) ?? newPeer(change.publicKey)
  device.peers.set(change.publicKey, peer)
  if (change.allowedIPs !== undefined) {
    const taken = new Set(change.allowedIPs)
    for (const other of device.peers.values())
      other.allowedIPs = other.allowedIPs.filter((prefix) => !taken.has(prefix))
    peer.allowedIPs = change.allowedIPs
  }
  if (change.endpoint !== undefined) peer.endpoint = change.endpoint
  if (change.persistentKeepaliveSeconds !== undefined)
    peer.persistentKeepaliveSeconds = change.persistentKeepaliveSeconds
  if (change.presharedKey === 'none') peer.presharedKeyDigest = undefined
  else if (change.presharedKey !== undefined) {
    const key = keys.presharedKeys.get(peerId(device.link, change.publicKey))
    peer.presharedKeyDigest = key === undefined ? undefined : keyDigest(key.reveal())
  }
}

const newPeer = (publicKey: string): Mutable<ObservedPeer> => ({
  publicKey,
  presharedKeyDigest: undefined,
  endpoint: undefined,
  allowedIPs: [],
  persistentKeepaliveSeconds: 0,
  lastHandshakeMs: undefined,
  rxBytes: 0,
  txBytes: 0,
})
