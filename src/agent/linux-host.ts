/**
 * The real host: rtnetlink for links, addresses, routes and rules; generic netlink or UAPI for WireGuard; /proc
 * for sysctls. One network namespace, the one this process is in.
 */
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { EventLoop, loadSyscalls, RouteNetlink, watchRouteEvents, WireGuardNetlink } from '../linux/index.ts'
import type { RouteEvent, Syscalls } from '../linux/index.ts'
import { WARREN_PROTOCOL } from '../model/index.ts'
import type { Backend, ObservedHost, ObservedWireGuard, Step, WireGuardIntent } from '../model/index.ts'
import { isOurs, sysctlsOf } from '../reconcile/index.ts'
import { applySteps } from './apply-steps.ts'
import type { Closeable } from './clock.ts'
import { CommandLauncher, ownLauncher } from './device-launcher.ts'
import type { DeviceLauncher } from './device-launcher.ts'
import type { Host, ResolvedKeys, StepFailure } from './host.ts'
import { observeRoutes } from './observe-routes.ts'
import { readSysctls } from './sysctl-files.ts'
import { UapiConnection } from './uapi-connection.ts'
import { KernelBackend, UapiBackend } from './wireguard-backend.ts'
import type { WireGuardBackend } from './wireguard-backend.ts'

export interface LinuxHostOptions {
  /** `auto`: the kernel's where there is one. */
  readonly backend: Backend | 'auto'
  readonly runDir: string
  /** Where processes serve their interfaces: `/run/wireguard`. */
  readonly uapiDir?: string
  readonly stateDir: string
  /** Another userspace WireGuard than ours: see device-launcher.ts. */
  readonly deviceCommand?: readonly string[]
}

const UAPI_DIR = '/run/wireguard'

export class LinuxHost implements Host {
  readonly backend: Backend
  readonly #sys: Syscalls
  readonly #routes: RouteNetlink
  readonly #netlink: WireGuardNetlink | undefined
  readonly #uapiDir: string
  readonly #backends: Partial<Record<Backend, WireGuardBackend>>
  readonly #launcher: DeviceLauncher
  readonly #gently: boolean
  readonly #connections = new Map<string, UapiConnection>()
  /** Names and indexes whose events concern us, as of the last observation. */
  #names = new Set<string>()
  #indexes = new Set<number>()
  /** By link, as of the last observation. */
  #kinds = new Map<string, Backend>()
  #onEvent: ((what: string) => void) | undefined

  private constructor(sys: Syscalls, o: LinuxHostOptions) {
    this.#sys = sys
    this.#routes = RouteNetlink.open(sys)
    this.#netlink = o.backend === 'userspace' ? undefined : WireGuardNetlink.open(sys)
    this.#uapiDir = o.uapiDir ?? UAPI_DIR
    this.#backends = {
      userspace: new UapiBackend((link) => this.#connection(link)),
      ...(this.#netlink === undefined ? {} : { kernel: new KernelBackend(this.#netlink) }),
    }
    this.#launcher = this.#launcherFor(o)
    this.#gently = o.deviceCommand !== undefined
    if (o.backend === 'kernel' && this.#netlink === undefined)
      throw new Error('This kernel has no WireGuard: use --backend userspace, or load the module wireguard')
    this.backend = o.backend === 'auto' ? (this.#netlink === undefined ? 'userspace' : 'kernel') : o.backend
  }

  #launcherFor({ deviceCommand, runDir, stateDir }: LinuxHostOptions): DeviceLauncher {
    if (deviceCommand === undefined)
      return ownLauncher({ runDir, stateDir: join(stateDir, 'device'), socketDir: this.#uapiDir })
    return new CommandLauncher({
      command: deviceCommand,
      runDir,
      connection: (link) => this.#connection(link),
    })
  }

  static open(o: LinuxHostOptions): LinuxHost {
    return new LinuxHost(loadSyscalls(), o)
  }

  async observe(wanted: readonly WireGuardIntent[]): Promise<ObservedHost> {
    const { links, indexes, ...rest } = observeRoutes(this.#routes, new Set(wanted.map((w) => w.name)))
    this.#names = new Set([...wanted.map((w) => w.name), ...links.filter(isOurs).map((l) => l.name)])
    this.#indexes = indexes
    const wireguard: ObservedWireGuard[] = []
    for (const link of links) {
      if (!this.#names.has(link.name)) continue
      const device = await this.#backendFor(link.kind)?.observe(link.name)
      if (device !== undefined) wireguard.push(device)
    }
    this.#kinds = new Map(wireguard.map((d) => [d.link, d.backend]))
    for (const [link, connection] of this.#connections)
      if (!links.some((l) => l.name === link)) this.#drop(link, connection)
    const sysctls = readSysctls(sysctlsOf(wanted, links))
    return { links, ...rest, wireguard, forwarding: [], sysctls, containers: {} }
  }

  #backendFor(kind: string): WireGuardBackend | undefined {
    if (kind === 'wireguard') return this.#backends.kernel
    return kind === 'tun' ? this.#backends.userspace : undefined
  }

  /** Everything of the host, also what nobody wants and what is not ours: for `show` and `import`. */
  async observeAll(): Promise<ObservedHost> {
    const { indexes, ...rest } = observeRoutes(this.#routes, undefined)
    const served = new Set(socketsIn(this.#uapiDir))
    const wireguard: ObservedWireGuard[] = []
    for (const link of rest.links) {
      if (link.kind === 'tun' && !served.has(link.name)) continue
      const device = await this.#backendFor(link.kind)?.observe(link.name)
      if (device !== undefined) wireguard.push(device)
    }
    void indexes
    return { ...rest, wireguard, forwarding: [], sysctls: {}, containers: {} }
  }

  async peek(links: readonly string[]): Promise<readonly ObservedWireGuard[]> {
    const devices: ObservedWireGuard[] = []
    for (const link of links) {
      const device = await this.#backends[this.#kinds.get(link) ?? this.backend]?.observe(link)
      if (device !== undefined) devices.push(device)
    }
    return devices
  }

  apply(steps: readonly Step[], keys: ResolvedKeys): Promise<readonly StepFailure[]> {
    return applySteps(steps, {
      routes: this.#routes,
      backend: (kind) => this.#backends[kind],
      launcher: this.#launcher,
      isServed: async (link) => (await this.#connection(link).get()) !== undefined,
      keys,
      gently: this.#gently,
    })
  }

  watch(onEvent: (what: string) => void): Closeable {
    this.#onEvent = onEvent
    const watching = watchRouteEvents(this.#sys, new EventLoop(), {
      onEvent: (event) => {
        const what = this.#concerns(event)
        if (what !== undefined) onEvent(what)
      },
      onOverrun: () => onEvent('events lost'),
    })
    return {
      close: () => {
        this.#onEvent = undefined
        watching.close()
      },
    }
  }

  /** What an event is about, if it is about something of ours. */
  #concerns(event: RouteEvent): string | undefined {
    switch (event.kind) {
      case 'link':
      case 'link-gone':
        return this.#names.has(event.link.name) || this.#indexes.has(event.link.index)
          ? event.kind.replace('-', ' ')
          : undefined
      case 'address':
      case 'address-gone':
        return this.#indexes.has(event.address.linkIndex) ? event.kind.replace('-', ' ') : undefined
      case 'route':
      case 'route-gone':
        return event.route.protocol === WARREN_PROTOCOL ? event.kind.replace('-', ' ') : undefined
      case 'rule':
      case 'rule-gone':
        return event.rule.protocol === WARREN_PROTOCOL ? event.kind.replace('-', ' ') : undefined
    }
  }

  #connection(link: string): UapiConnection {
    const open = this.#connections.get(link)
    if (open !== undefined) return open
    const made = new UapiConnection(join(this.#uapiDir, `${link}.sock`), () =>
      this.#onEvent?.('device ended'),
    )
    this.#connections.set(link, made)
    return made
  }

  #drop(link: string, connection: UapiConnection): void {
    connection.close()
    this.#connections.delete(link)
  }

  close(): void {
    for (const [link, connection] of this.#connections) this.#drop(link, connection)
    this.#routes.close()
    this.#netlink?.close()
  }
}

/** A folder that is there but closed to us is no empty one: what runs would be taken for missing. */
const socketsIn = (dir: string): string[] => {
  try {
    return readdirSync(dir)
      .filter((name) => name.endsWith('.sock'))
      .map((name) => name.slice(0, -5))
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return []
    throw error
  }
}
