/**
 * The real host: rtnetlink for links, addresses, routes and rules; generic netlink or UAPI for WireGuard; /proc
 * for sysctls; in the network namespace that this process is in, and in those of containers.
 */
import { fstatSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import type { ContainerResolver } from '../containers/index.ts'
import { currentNetns, loadSyscalls } from '../linux/index.ts'
import type { Syscalls } from '../linux/index.ts'
import { birthNameOf, netnsNameOf } from '../model/index.ts'
import type {
  Backend,
  ContainerRef,
  NetnsName,
  NodeIntent,
  ObservedHost,
  Step,
  WireGuardIntent,
} from '../model/index.ts'
import { applyEverywhere } from './apply-everywhere.ts'
import { byNamespace, idOf, NOTHING_WANTED, splitId } from './by-link.ts'
import type { Devices, WantedThere } from './by-link.ts'
import type { Closeable } from './clock.ts'
import { CommandLauncher, ownLauncher } from './device-launcher.ts'
import type { DeviceLauncher } from './device-launcher.ts'
import type { Host, ResolvedKeys, StepFailure } from './host.ts'
import { withCanonical } from './namespaces/canonical-keys.ts'
import { ContainerRecord } from './namespaces/container-record.ts'
import { lazyContainers } from './namespaces/lazy-containers.ts'
import { identityOf, Namespaces } from './namespaces/namespaces.ts'
import { NetworkNamespace } from './namespaces/network-namespace.ts'
import { isClean, observeContainers } from './namespaces/observe-containers.ts'
import { LinuxProbe } from './path-mtu/index.ts'
import type { PathProbe } from './path-mtu/index.ts'
import { UapiConnection } from './uapi-connection.ts'

export interface LinuxHostOptions {
  readonly backend: Backend | 'auto'
  readonly runDir: string
  /** Where processes serve their interfaces: `/run/wireguard`. */
  readonly uapiDir?: string
  readonly stateDir: string
  /** Another userspace WireGuard than ours: see device-launcher.ts. */
  readonly deviceCommand?: readonly string[]
  /** Where containers are; default: the runtimes of this machine. */
  readonly containers?: ContainerResolver
  readonly syscalls?: Syscalls
  /** Told when the kernel keeps us waiting, as it does while somebody else holds its lock. */
  readonly onSlow?: (what: string, tookMs: number) => void
}

const UAPI_DIR = '/run/wireguard'

export class LinuxHost implements Host {
  readonly backend: Backend
  readonly probe: PathProbe
  readonly #namespaces: Namespaces
  readonly #resolver: ContainerResolver
  readonly #record: ContainerRecord
  readonly #uapiDir: string
  readonly #launcher: DeviceLauncher
  readonly #gently: boolean
  /** By `linkIdOf`. */
  readonly #connections = new Map<string, UapiConnection>()
  #onEvent: ((what: string) => void) | undefined

  private constructor(sys: Syscalls, o: LinuxHostOptions) {
    this.#uapiDir = o.uapiDir ?? UAPI_DIR
    this.#record = new ContainerRecord(o.stateDir)
    this.#resolver = o.containers ?? lazyContainers()
    const common = {
      sys,
      kernelWireGuard: o.backend !== 'userspace',
      connection: (id: string) => this.#connection(id),
      isBirth: (name: string) => this.#record.isBirth(name),
      ...(o.onSlow === undefined ? {} : { onSlow: o.onSlow }),
    }
    const fd = currentNetns(sys)
    const host = NetworkNamespace.open({
      ...common,
      name: '',
      own: true,
      fd,
      identity: identityOf(fstatSync(fd)),
    })
    this.#namespaces = new Namespaces({ sys, resolver: this.#resolver, host, options: common })
    this.probe = new LinuxProbe(sys, (ref) => this.#namespaces.get(netnsNameOf(ref))?.fd)
    this.#launcher = this.#launcherFor(o)
    this.#gently = o.deviceCommand !== undefined
    const hasKernel = host.hasKernelWireGuard
    if (o.backend === 'kernel' && !hasKernel) {
      this.close()
      throw new Error('This kernel has no WireGuard: use --backend userspace, or load the module wireguard')
    }
    this.backend = o.backend === 'auto' ? (hasKernel ? 'kernel' : 'userspace') : o.backend
  }

  #launcherFor({ deviceCommand, runDir, stateDir }: LinuxHostOptions): DeviceLauncher {
    if (deviceCommand === undefined)
      return ownLauncher({ runDir, stateDir: join(stateDir, 'device'), socketDir: this.#uapiDir })
    return new CommandLauncher({
      command: deviceCommand,
      runDir,
      connection: (link) => new UapiConnection(join(this.#uapiDir, `${link}.sock`)),
    })
  }

  static open(o: LinuxHostOptions): LinuxHost {
    return new LinuxHost(o.syscalls ?? loadSyscalls(), o)
  }

  async observe(wanted: NodeIntent): Promise<ObservedHost> {
    await this.#record.load()
    const there = byNamespace(wanted)
    const found = await this.#namespaces.find(this.#whereToLook(there))
    const host = await this.#namespaces.host.observe(there.get('') ?? NOTHING_WANTED)
    const containers = await observeContainers(found, there)
    for (const [name, container] of Object.entries(containers))
      if (!there.has(name) && isClean(container)) this.#record.forget(name)
    this.#dropConnections({ ...host, containers })
    return { ...host, containers }
  }

  /** Where something is wanted, and where something of ours may be left. */
  #whereToLook(there: ReadonlyMap<NetnsName, WantedThere>): ContainerRef[] {
    const wanted = [...there.values()].flatMap(({ container }) => container ?? [])
    return [...wanted, ...this.#record.containers.filter((c) => !there.has(netnsNameOf(c)))]
  }

  /** Everything of the host, also what nobody wants and what is not ours: for `show` and `import`. */
  async observeAll(): Promise<ObservedHost> {
    const host = await this.#namespaces.host.observeAll(new Set(socketsIn(this.#uapiDir)))
    return { ...host, containers: {} }
  }

  async peek(wanted: readonly WireGuardIntent[]): Promise<Devices> {
    if (this.#namespaces.letGo()) this.#onEvent?.('container gone')
    const devices = new Map<string, NonNullable<Awaited<ReturnType<NetworkNamespace['peek']>>>>()
    for (const wg of wanted) {
      const namespace = this.#namespaces.get(netnsNameOf(wg.container))
      const device = await namespace?.peek(wg.name, this.backend)
      if (device !== undefined) devices.set(idOf(wg), device)
    }
    return devices
  }

  async apply(steps: readonly Step[], keys: ResolvedKeys): Promise<readonly StepFailure[]> {
    const { possible, failures } = await this.#note(steps)
    const more = await applyEverywhere(possible, {
      namespaces: this.#namespaces,
      launcher: this.#launcher,
      keys: withCanonical(keys, this.#namespaces),
      gently: this.#gently,
    })
    return [...failures, ...more]
  }

  /** What is put where no later agent would look for it stays undone; the node's own namespace needs no record. */
  async #note(steps: readonly Step[]): Promise<{ possible: readonly Step[]; failures: StepFailure[] }> {
    try {
      await this.#record.note(steps)
      return { possible: steps, failures: [] }
    } catch (error) {
      const message = `Cannot note what is put into containers: ${(error as Error).message}`
      const inside = steps.filter(concernsContainers)
      return {
        possible: steps.filter((step) => !inside.includes(step)),
        failures: inside.map((step) => ({ step, message })),
      }
    }
  }

  keep(): Promise<void> {
    return this.#record.keep()
  }

  watch(onEvent: (what: string) => void): Closeable {
    this.#onEvent = onEvent
    this.#namespaces.watch(onEvent)
    const containers = this.#resolver.watch(() => onEvent('container changed'))
    return {
      close: () => {
        this.#onEvent = undefined
        containers.close()
        this.#namespaces.unwatch()
      },
    }
  }

  /** Of an interface in a container the socket has the name that it was born with. */
  #connection(id: string): UapiConnection {
    const open = this.#connections.get(id)
    if (open !== undefined) return open
    const file = splitId(id)[1] === '' ? id : birthNameOf(id)
    const made = new UapiConnection(join(this.#uapiDir, `${file}.sock`), () =>
      this.#onEvent?.('device ended'),
    )
    this.#connections.set(id, made)
    return made
  }

  #dropConnections(observed: ObservedHost): void {
    for (const [id, connection] of this.#connections) {
      const [name, netns] = splitId(id)
      const there = netns === '' ? observed : observed.containers[netns]
      const links = there === undefined || !('links' in there) ? [] : there.links
      if (!links.some((l) => l.name === name)) this.#drop(id, connection)
    }
  }

  #drop(id: string, connection: UapiConnection): void {
    connection.close()
    this.#connections.delete(id)
  }

  close(): void {
    for (const [id, connection] of this.#connections) this.#drop(id, connection)
    this.#namespaces.close()
    this.#resolver.close()
  }
}

const concernsContainers = (step: Step): boolean =>
  step.in !== undefined || (step.kind === 'link-add' && step.peer?.in !== undefined)

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
