/**
 * The running proxy: tunnels, services and the sockets that feed them, as a configuration says, and as the next one
 * says after a reload. Everything is opened before anything is taken away, so that a configuration that cannot be
 * applied leaves the old one untouched; but a socket that stands where a new one is to come is closed first, and opened
 * again if that was in vain.
 *
 *   socket ──▶ slot ──▶ service ──▶ tunnel        a reload puts another service behind a socket; the old one drains
 */
import type { Tunnel } from '../tunnel/index.ts'
import { collides } from './config/listen-at.ts'
import type { ProxyConfig, TunnelEntry } from './config/proxy-config.ts'
import type { Logger } from './log.ts'
import type { RouteStatus } from './operations/status.ts'
import { isEmpty, planChange, type ProxyChange } from './plan-change.ts'
import type { OpenSocket, RunningService, ServiceOpener } from './running-service.ts'
import type { KeyedService } from './services.ts'

export interface ProxyPorts {
  readonly log: Logger
  readonly openTunnel: (entry: TunnelEntry) => Promise<Tunnel>
  /** `tunnel` finds a tunnel by its name at the moment of use. */
  readonly opener: (tunnel: (name: string) => Tunnel) => ServiceOpener
  /** Runs once after that time. */
  readonly after: (ms: number, run: () => void) => { close(): void }
}

interface Slot {
  readonly key: string
  readonly socket: OpenSocket
  service: RunningService
  wanted: KeyedService
}

export type Applied =
  | { readonly kind: 'applied'; readonly change: ProxyChange }
  | { readonly kind: 'unchanged' }
  | { readonly kind: 'refused'; readonly why: readonly string[] }

export class Proxy {
  readonly #ports: ProxyPorts
  readonly #opener: ServiceOpener
  readonly #tunnels = new Map<string, Tunnel>()
  readonly #slots = new Map<string, Slot>()
  /** Services that nobody reaches any more and that still have something to finish. */
  readonly #leaving = new Set<RunningService>()
  #config: ProxyConfig | undefined
  #isDraining = false
  /** One change at a time. */
  #turn: Promise<unknown> = Promise.resolve()

  constructor(ports: ProxyPorts) {
    this.#ports = ports
    this.#opener = ports.opener((name) => this.#tunnelOf(name))
  }

  get config(): ProxyConfig | undefined {
    return this.#config
  }

  get tunnels(): readonly Tunnel[] {
    return [...this.#tunnels.values()]
  }

  /** Every service with the place where it listens, in the order of opening. */
  services(): readonly {
    readonly place: string
    readonly service: RunningService
    readonly wanted: KeyedService
  }[] {
    return [...this.#slots.values()].map(({ socket, service, wanted }) => ({
      place: socket.place,
      service,
      wanted,
    }))
  }

  routes(): readonly RouteStatus[] {
    return this.services().flatMap(({ place, service }) => {
      const status = service.status()
      return status === undefined ? [] : [{ ...status, listen: place }]
    })
  }

  /** Makes it so; at the start, and for each configuration after. */
  apply(config: ProxyConfig): Promise<Applied> {
    const done = this.#turn.then(() => this.#apply(config))
    this.#turn = done.catch(() => {})
    return done
  }

  /** Nothing more is accepted, what is there may finish. Resolves when nothing is left, or time is up: how many were cut. */
  async drain(withinMs: number): Promise<number> {
    this.#isDraining = true
    await this.#turn
    const slots = [...this.#slots.values()].filter(({ wanted }) => wanted.kind !== 'operations')
    for (const { socket, service } of slots) {
      socket.close()
      this.#leaving.add(service)
    }
    for (const { key } of slots) this.#slots.delete(key)
    const left = [...this.#leaving]
    const isOver = await this.#within(withinMs, Promise.all(left.map((service) => service.drain())))
    const cut = left.reduce((sum, service) => sum + (service.status()?.connections ?? 0), 0)
    for (const service of left) service.close()
    return isOver ? 0 : cut
  }

  /** At once. */
  async close(): Promise<void> {
    for (const { socket, service } of this.#slots.values()) {
      socket.close()
      service.close()
    }
    this.#slots.clear()
    for (const service of this.#leaving) service.close()
    await Promise.allSettled(this.tunnels.map((tunnel) => tunnel.close()))
    this.#tunnels.clear()
  }

  async #apply(config: ProxyConfig): Promise<Applied> {
    if (this.#isDraining) return { kind: 'refused', why: ['it is about to stop'] }
    const change = planChange(this.#config, config)
    if (isEmpty(change)) {
      this.#config = config
      return { kind: 'unchanged' }
    }
    const prepared = new Preparation(this.#ports, this.#opener)
    const why = await prepared.run(change, { tunnels: this.#tunnels, colliding: this.#colliding(change) })
    if (why.length === 0) why.push(...this.#reconfigure(change.tunnels.change))
    if (why.length > 0) {
      await prepared.undo(this.#tunnels)
      return { kind: 'refused', why }
    }
    this.#commit(change, prepared)
    this.#config = config
    return { kind: 'applied', change }
  }

  /** All of them or none. */
  #reconfigure(entries: readonly TunnelEntry[]): string[] {
    const done: TunnelEntry[] = []
    for (const entry of entries) {
      try {
        this.#tunnels.get(entry.name)?.reconfigure(entry.settings)
        done.push(entry)
      } catch (error) {
        for (const { name } of done) {
          const before = this.#config?.tunnels.find((one) => one.name === name)
          if (before !== undefined) this.#tunnels.get(name)?.reconfigure(before.settings)
        }
        return [`cannot change tunnel ${entry.name}: ${(error as Error).message}`]
      }
    }
    return []
  }

  #commit({ tunnels, services }: ProxyChange, prepared: Preparation): void {
    for (const [key, service] of prepared.changed) {
      const slot = this.#slots.get(key)
      if (slot === undefined) continue
      this.#leave(slot.service)
      slot.service = service
      slot.wanted = services.change.find((one) => one.key === key) ?? slot.wanted
    }
    const gone = services.remove.flatMap((key) => this.#slots.get(key) ?? [])
    for (const { key, socket, service } of gone) {
      socket.close()
      this.#slots.delete(key)
      this.#leave(service)
    }
    for (const slot of prepared.added) this.#slots.set(slot.key, slot)
    for (const name of tunnels.remove) void this.#closeTunnel(name, [...this.#leaving])
  }

  /** Sockets that go, and stand where new ones are to come. */
  #colliding({ services }: ProxyChange): readonly Slot[] {
    return services.remove.flatMap((key) => {
      const slot = this.#slots.get(key)
      return slot !== undefined && services.add.some((added) => clash(added, slot.wanted)) ? [slot] : []
    })
  }

  #leave(service: RunningService): void {
    this.#leaving.add(service)
    const timer = this.#ports.after(this.#config?.drainMs ?? 0, () => service.close())
    void this.#ended(service, timer)
  }

  async #ended(service: RunningService, timer: { close(): void }): Promise<void> {
    await service.drain()
    timer.close()
    service.close()
    this.#leaving.delete(service)
  }

  async #closeTunnel(name: string, after: readonly RunningService[]): Promise<void> {
    const tunnel = this.#tunnels.get(name)
    this.#tunnels.delete(name)
    await Promise.allSettled(after.map((service) => service.drain()))
    await tunnel?.close()
  }

  #within(ms: number, work: Promise<unknown>): Promise<boolean> {
    return new Promise((resolve, reject) => {
      const timer = this.#ports.after(ms, () => resolve(false))
      work.then(() => resolve(true), reject).finally(() => timer.close())
    })
  }

  #tunnelOf(name: string): Tunnel {
    const tunnel = this.#tunnels.get(name)
    if (tunnel === undefined) throw new Error(`the tunnel ${name} is gone`)
    return tunnel
  }
}

/** What a change opens before it is in force. */
class Preparation {
  readonly changed = new Map<string, RunningService>()
  readonly added: Slot[] = []
  readonly #ports: ProxyPorts
  readonly #opener: ServiceOpener
  readonly #opened: string[] = []
  readonly #closed: Slot[] = []

  constructor(ports: ProxyPorts, opener: ServiceOpener) {
    this.#ports = ports
    this.#opener = opener
  }

  /** What went wrong, all of it. */
  async run(
    { tunnels, services }: ProxyChange,
    { tunnels: open, colliding }: { tunnels: Map<string, Tunnel>; colliding: readonly Slot[] },
  ): Promise<string[]> {
    const why: string[] = []
    for (const entry of tunnels.add)
      await attempt(`cannot open tunnel ${entry.name}`, why, async () => {
        open.set(entry.name, await this.#ports.openTunnel(entry))
        this.#opened.push(entry.name)
      })
    if (why.length > 0) return why
    for (const slot of colliding) {
      slot.socket.close()
      this.#closed.push(slot)
    }
    for (const wanted of services.change)
      await attempt(`cannot serve ${wanted.key}`, why, () => {
        this.changed.set(wanted.key, this.#opener.make(wanted))
      })
    for (const wanted of services.add)
      await attempt(`cannot listen on ${wanted.key}`, why, async () => {
        this.added.push(await this.#open(wanted))
      })
    return why
  }

  /** Back to how it was. */
  async undo(open: Map<string, Tunnel>): Promise<void> {
    for (const { socket, service } of this.added) {
      socket.close()
      service.close()
    }
    for (const service of this.changed.values()) service.close()
    for (const name of this.#opened) {
      await open.get(name)?.close()
      open.delete(name)
    }
    for (const slot of this.#closed) {
      const why: string[] = []
      await attempt(`cannot listen on ${slot.key} again`, why, async () => {
        Object.assign(slot, { socket: await this.#opener.listen(slot.wanted, () => slot.service) })
      })
      for (const message of why) this.#ports.log.error(message)
    }
  }

  async #open(wanted: KeyedService): Promise<Slot> {
    const service = this.#opener.make(wanted)
    const slot: { -readonly [K in keyof Slot]: Slot[K] } = {
      key: wanted.key,
      socket: CLOSED,
      service,
      wanted,
    }
    try {
      slot.socket = await this.#opener.listen(wanted, () => slot.service)
    } catch (error) {
      service.close()
      throw error
    }
    return slot
  }
}

const CLOSED: OpenSocket = { place: '', close: () => {} }

async function attempt(what: string, why: string[], run: () => Promise<void> | void): Promise<void> {
  try {
    await run()
  } catch (error) {
    why.push(`${what}: ${error instanceof Error ? error.message : String(error)}`)
  }
}

function clash(a: KeyedService, b: KeyedService): boolean {
  if (a.kind === 'publish' || b.kind === 'publish') return false
  return (a.kind === 'udp') === (b.kind === 'udp') && collides(a.entry.listen, b.entry.listen)
}
