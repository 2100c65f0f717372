/**
 * One network namespace that the agent works in: its sockets, opened inside it once, what is there, and what
 * happens there. A socket keeps its namespace alive, so one whose container is gone has to be closed, or its
 * interfaces would live on and hold their ports (network_namespaces(7)).
 */
import { EventLoop, RouteNetlink, watchRouteEvents, WireGuardNetlink, withNetns } from '../../linux/index.ts'
import type { Syscalls } from '../../linux/index.ts'
import type { Backend, NetnsName, ObservedNamespace, ObservedWireGuard } from '../../model/index.ts'
import { isMarked, sysctlsOf } from '../../reconcile/index.ts'
import { linkIdIn } from '../by-link.ts'
import type { WantedThere } from '../by-link.ts'
import type { Closeable } from '../clock.ts'
import { observeRoutes } from '../observe-routes.ts'
import { readSysctls, writeSysctl } from '../sysctl-files.ts'
import type { UapiConnection } from '../uapi-connection.ts'
import { KernelBackend, UapiBackend } from '../wireguard-backend.ts'
import type { WireGuardBackend } from '../wireguard-backend.ts'
import { Concerns } from './concerns.ts'

export interface NamespaceOptions {
  readonly sys: Syscalls
  readonly name: NetnsName
  /** A descriptor of it, closed with it. */
  readonly fd: number
  /** The one that this process is in. */
  readonly own?: boolean
  /** Another namespace of the same name has another one. */
  readonly identity: string
  readonly kernelWireGuard: boolean
  /** To the process behind a userspace interface, by `linkIdOf`. */
  connection(id: string): UapiConnection
  /** The kernel took long: somebody else holds its lock (rtnl_lock), and nothing can be done but wait. */
  onSlow?(what: string, tookMs: number): void
  /** Links of ours whose mark may still be missing: see birth-record.ts. */
  isBirth(name: string): boolean
}

/** A thousand links are looked at in a tenth of this, on a slow machine. */
const SLOW_MS = 2_000

export class NetworkNamespace {
  readonly name: NetnsName
  readonly identity: string
  readonly fd: number
  readonly routes: RouteNetlink
  readonly #o: NamespaceOptions
  readonly #netlink: WireGuardNetlink | undefined
  readonly #backends: Partial<Record<Backend, WireGuardBackend>>
  readonly #concerns = new Concerns()
  /** By link, as of the last observation. */
  #kinds = new Map<string, Backend>()
  #watching: Closeable | undefined
  #onEvent: ((what: string) => void) | undefined
  /** Whether forwarding entries are of interest: the kernel then tells of every neighbour as well. */
  #withForwarding = false

  private constructor(o: NamespaceOptions) {
    this.#o = o
    this.name = o.name
    this.identity = o.identity
    this.fd = o.fd
    const where = o.own === true ? {} : { netns: o.fd }
    this.routes = RouteNetlink.open(o.sys, where)
    this.#netlink = o.kernelWireGuard ? WireGuardNetlink.open(o.sys, where) : undefined
    this.#backends = {
      userspace: new UapiBackend((id) => o.connection(id), o.name),
      ...(this.#netlink === undefined ? {} : { kernel: new KernelBackend(this.#netlink, o.name) }),
    }
  }

  static open(o: NamespaceOptions): NetworkNamespace {
    return new NetworkNamespace(o)
  }

  get hasKernelWireGuard(): boolean {
    return this.#netlink !== undefined
  }

  backend(kind: Backend): WireGuardBackend | undefined {
    return this.#backends[kind]
  }

  async observe(wanted: WantedThere): Promise<ObservedNamespace> {
    const names = new Set([...wanted.interfaces, ...wanted.links].map((l) => l.name))
    this.#watchForwarding(wanted.links.some((l) => l.forwarding !== undefined))
    const tables = new Set(
      [...wanted.interfaces, ...wanted.links].flatMap((l) => l.routes.map((r) => r.table)),
    )
    const isBirth = (name: string): boolean => this.#o.isBirth(name)
    const { indexes, ...rest } = this.timed('looking at links', () =>
      observeRoutes(this.routes, { wanted: names, tables, isBirth, forwarding: this.#withForwarding }),
    )
    this.#concerns.now(wanted, rest.links, indexes)
    const ours = new Set(rest.links.filter(isMarked).map((l) => l.name))
    const wireguard: ObservedWireGuard[] = []
    for (const link of rest.links) {
      if (!names.has(link.name) && !ours.has(link.name)) continue
      const device = await this.#backendFor(link.kind)?.observe(link.name)
      if (device !== undefined) wireguard.push(device)
    }
    this.#kinds = new Map(wireguard.map((d) => [d.link, d.backend]))
    const sysctls = this.inside(() => readSysctls(sysctlsOf(wanted.interfaces, rest.links)))
    return { ...rest, identity: this.identity, wireguard, sysctls }
  }

  /** Everything, also what nobody wants and what is not ours. `served`: userspace interfaces. */
  async observeAll(served: ReadonlySet<string>): Promise<ObservedNamespace> {
    const { indexes, ...rest } = observeRoutes(this.routes, {
      wanted: undefined,
      tables: undefined,
      isBirth: () => false,
      forwarding: true,
    })
    const wireguard: ObservedWireGuard[] = []
    for (const link of rest.links) {
      if (link.kind === 'tun' && !served.has(link.name)) continue
      const device = await this.#backendFor(link.kind)?.observe(link.name)
      if (device !== undefined) wireguard.push(device)
    }
    void indexes
    return { ...rest, wireguard, sysctls: {} }
  }

  async peek(link: string, otherwise: Backend): Promise<ObservedWireGuard | undefined> {
    return await this.#backends[this.#kinds.get(link) ?? otherwise]?.observe(link)
  }

  #backendFor(kind: string): WireGuardBackend | undefined {
    if (kind === 'wireguard') return this.#backends.kernel
    return kind === 'tun' ? this.#backends.userspace : undefined
  }

  /** Of a userspace interface: whether its process answers. */
  async isServed(link: string): Promise<boolean> {
    return (await this.#o.connection(linkIdIn(link, this.name)).get()) !== undefined
  }

  writeSysctl(path: string, value: string): void {
    this.inside(() => writeSysctl(path, value))
  }

  /** Runs a synchronous function, and tells when it took long. */
  timed<T>(what: string, run: () => T): T {
    const before = performance.now()
    try {
      return run()
    } finally {
      const tookMs = performance.now() - before
      if (tookMs > SLOW_MS) this.#o.onSlow?.(what, Math.round(tookMs))
    }
  }

  /** Runs a synchronous function in this namespace: /proc/sys/net shows that of whoever looks. */
  inside<T>(run: () => T): T {
    return this.#o.own === true ? run() : withNetns(this.#o.sys, this.fd, run)
  }

  /** What is not about anything of ours is not told. */
  watch(onEvent: (what: string) => void): void {
    this.unwatch()
    this.#onEvent = onEvent
    const tell = (what: string | undefined): void => {
      if (what !== undefined) onEvent(what)
    }
    this.#watching = watchRouteEvents(
      this.#o.sys,
      new EventLoop(),
      {
        onEvent: (event) => tell(this.#concerns.what(event)),
        ...(this.#withForwarding ? { onForwarding: (e) => tell(this.#concerns.whatForwarding(e)) } : {}),
        onOverrun: () => onEvent('events lost'),
      },
      this.#o.own === true ? {} : { netns: this.fd },
    )
  }

  #watchForwarding(wanted: boolean): void {
    if (this.#withForwarding === wanted) return
    this.#withForwarding = wanted
    if (this.#onEvent !== undefined) this.watch(this.#onEvent)
  }

  unwatch(): void {
    this.#onEvent = undefined
    this.#watching?.close()
    this.#watching = undefined
  }

  close(): void {
    this.unwatch()
    this.routes.close()
    this.#netlink?.close()
    this.#o.sys.close(this.fd)
  }
}
