/**
 * What a reload has to do: the difference of two configurations, and nothing done yet. What did not change is not in
 * it and keeps every connection. Pure.
 *
 *   tunnels   same name: kept, or told its new settings;  gone: closed after those who use it
 *   services  same key and fingerprint: kept;  same socket, another meaning: new connections get the new one, old ones
 *             end by themselves;  gone: nothing more is accepted, what is there may finish
 */
import type { ProxyConfig, TunnelEntry } from './config/proxy-config.ts'
import { type KeyedService, servicesOf } from './services.ts'

export interface ProxyChange {
  readonly tunnels: {
    readonly add: readonly TunnelEntry[]
    readonly change: readonly TunnelEntry[]
    readonly remove: readonly string[]
  }
  readonly services: {
    readonly add: readonly KeyedService[]
    readonly change: readonly KeyedService[]
    /** Keys. */
    readonly remove: readonly string[]
  }
  /** What the process does beside: probe, status socket, times. */
  readonly operations: boolean
}

/** `before`: undefined at the start. */
export function planChange(before: ProxyConfig | undefined, after: ProxyConfig): ProxyChange {
  const oldTunnels = new Map(before?.tunnels.map((tunnel) => [tunnel.name, tunnel]))
  const oldServices = new Map((before === undefined ? [] : servicesOf(before)).map((one) => [one.key, one]))
  const services = servicesOf(after)
  const wanted = new Set(services.map(({ key }) => key))
  const names = new Set(after.tunnels.map(({ name }) => name))
  return {
    tunnels: {
      add: after.tunnels.filter(({ name }) => !oldTunnels.has(name)),
      change: after.tunnels.filter(({ name, digest }) => {
        const old = oldTunnels.get(name)
        return old !== undefined && old.digest !== digest
      }),
      remove: [...oldTunnels.keys()].filter((name) => !names.has(name)),
    },
    services: {
      add: services.filter(({ key }) => !oldServices.has(key)),
      change: services.filter(({ key, fingerprint }) => {
        const old = oldServices.get(key)
        return old !== undefined && old.fingerprint !== fingerprint
      }),
      remove: [...oldServices.keys()].filter((key) => !wanted.has(key)),
    },
    operations: before === undefined || beside(before) !== beside(after),
  }
}

export function isEmpty({ tunnels, services, operations }: ProxyChange): boolean {
  const lists = [tunnels.add, tunnels.change, tunnels.remove, services.add, services.change, services.remove]
  return !operations && lists.every((list) => list.length === 0)
}

/** For a log: `+http :8081 ~tunnel fly -tcp 127.0.0.1:5432`. */
export function formatChange({ tunnels, services, operations }: ProxyChange): string {
  const words = [
    ...tunnels.add.map(({ name }) => `+tunnel ${name}`),
    ...tunnels.change.map(({ name }) => `~tunnel ${name}`),
    ...tunnels.remove.map((name) => `-tunnel ${name}`),
    ...services.add.map(({ kind, key }) => `+${kind} ${placeOf(key)}`),
    ...services.change.map(({ kind, key }) => `~${kind} ${placeOf(key)}`),
    ...services.remove.map((key) => `-${placeOf(key)}`),
    ...(operations ? ['~operations'] : []),
  ]
  return words.join(', ')
}

const placeOf = (key: string): string => key.slice(key.indexOf(' ') + 1)

const beside = ({ name, operations: { probe, probeMs, statusSocket }, drainMs }: ProxyConfig): string =>
  JSON.stringify([name, probe, probeMs, statusSocket, drainMs])
