/**
 * The namespaces that are open: the node's own, and each container's that is wanted or recorded and there.
 *
 *   a name ─ resolver ─▶ a path ─ open, fstat ─▶ an identity (device, inode) ─ differs ─▶ sockets opened anew
 *
 * A name stands for another namespace after its container was restarted. Whether it does is asked again whenever
 * the resolver says so, and between passes by one stat(2) of the path.
 */
import { fstatSync, statSync } from 'node:fs'
import type { ContainerResolver } from '../../containers/index.ts'
import { isKernelError, openNetns } from '../../linux/index.ts'
import type { Syscalls } from '../../linux/index.ts'
import { netnsNameOf } from '../../model/index.ts'
import type { ContainerRef, NetnsName } from '../../model/index.ts'
import { NetworkNamespace } from './network-namespace.ts'
import type { NamespaceOptions } from './network-namespace.ts'

export type Found =
  | { readonly kind: 'open'; readonly namespace: NetworkNamespace }
  | { readonly kind: 'absent' | 'unknown'; readonly message: string; readonly hint?: string }

export interface NamespacesOptions {
  readonly sys: Syscalls
  readonly resolver: ContainerResolver
  readonly host: NetworkNamespace
  /** How to open one; the rest of it is known here. */
  readonly options: Omit<NamespaceOptions, 'name' | 'fd' | 'identity'>
}

interface Open {
  readonly namespace: NetworkNamespace
  readonly path: string
}

export class Namespaces {
  readonly host: NetworkNamespace
  readonly #o: NamespacesOptions
  readonly #open = new Map<NetnsName, Open>()
  /** By identity, the name that a namespace goes by among those wanted now. */
  #canonical = new Map<string, NetnsName>()
  #onEvent: ((what: string) => void) | undefined

  constructor(o: NamespacesOptions) {
    this.#o = o
    this.host = o.host
  }

  /** By the name of a namespace, as of the last `find`. */
  get(name: NetnsName): NetworkNamespace | undefined {
    return name === '' ? this.host : this.#open.get(name)?.namespace
  }

  /** Opens these and closes all others. Two names of one namespace find the same one, called by the first of them. */
  async find(containers: readonly ContainerRef[]): Promise<Map<NetnsName, Found>> {
    const found = new Map<NetnsName, Found>()
    this.#canonical = new Map()
    for (const container of containers.toSorted(byNetnsName))
      found.set(netnsNameOf(container), await this.#find(container))
    for (const name of this.#open.keys()) if (found.get(name)?.kind !== 'open') this.#close(name)
    return found
  }

  async #find(container: ContainerRef): Promise<Found> {
    const resolved = await this.#o.resolver.resolve(container)
    if (resolved.kind !== 'found') return resolved
    const name = netnsNameOf(container)
    try {
      const fd = openNetns(this.#o.sys, resolved.path)
      const identity = identityOf(fstatSync(fd))
      if (
        identity === this.#open.get(name)?.namespace.identity ||
        (await this.#isStill(container, resolved.id))
      )
        return this.#opened({ name, path: resolved.path, fd, identity })
      this.#o.sys.close(fd)
      return { kind: 'unknown', message: `${name} became another one while it was looked at` }
    } catch (error) {
      const message = (error as Error).message
      // It ended between the answer and the look.
      if (isKernelError(error, 'ENOENT', 'ESRCH')) return { kind: 'absent', message }
      return { kind: 'unknown', message }
    }
  }

  /** A path of /proc is that of whoever has the number now: it may have ended, and another one got it. */
  async #isStill(container: ContainerRef, id: string): Promise<boolean> {
    const now = await this.#o.resolver.resolve(container)
    return now.kind === 'found' && now.id === id
  }

  #opened(o: { name: NetnsName; path: string; fd: number; identity: string }): Found {
    const { name, path, fd, identity } = o
    const open = this.#open.get(name)
    const canonical = this.#canonical.get(identity) ?? name
    this.#canonical.set(identity, canonical)
    const known = canonical === name ? open?.namespace : this.get(canonical)
    if (known?.identity === identity && known.name === canonical) {
      this.#o.sys.close(fd)
      if (open !== undefined && open.namespace !== known) this.#close(name)
      this.#open.set(name, { namespace: known, path })
      return { kind: 'open', namespace: known }
    }
    this.#close(name)
    if (identity === this.host.identity) {
      this.#o.sys.close(fd)
      const message = `${name} is in the node's own network namespace`
      return {
        kind: 'unknown',
        message,
        hint: 'Leave out `container`, or give the container a network of its own.',
      }
    }
    return { kind: 'open', namespace: this.#make(o) }
  }

  #make(o: { name: NetnsName; path: string; fd: number; identity: string }): NetworkNamespace {
    const { name, path, fd, identity } = o
    try {
      const namespace = NetworkNamespace.open({ ...this.#o.options, name, fd, identity })
      this.#open.set(name, { namespace, path })
      if (this.#onEvent !== undefined) namespace.watch(this.#onEvent)
      return namespace
    } catch (error) {
      this.#o.sys.close(fd)
      throw error
    }
  }

  #close(name: NetnsName): void {
    const namespace = this.#open.get(name)?.namespace
    this.#open.delete(name)
    if (namespace !== undefined && !this.#all().includes(namespace)) namespace.close()
  }

  /** Lets go of those whose path is another namespace now, or none. True when there was one. */
  letGo(): boolean {
    const gone = [...this.#open].filter(([, { namespace, path }]) => identityAt(path) !== namespace.identity)
    for (const [name] of gone) this.#close(name)
    return gone.length > 0
  }

  watch(onEvent: (what: string) => void): void {
    this.#onEvent = onEvent
    for (const namespace of this.#all()) namespace.watch(onEvent)
  }

  unwatch(): void {
    this.#onEvent = undefined
    for (const namespace of this.#all()) namespace.unwatch()
  }

  #all(): NetworkNamespace[] {
    return [...new Set([this.host, ...[...this.#open.values()].map((o) => o.namespace)])]
  }

  close(): void {
    for (const namespace of this.#all()) namespace.close()
    this.#open.clear()
  }
}

const byNetnsName = (a: ContainerRef, b: ContainerRef): number => (netnsNameOf(a) < netnsNameOf(b) ? -1 : 1)

/** nsfs gives each namespace an inode of its own, which is not given again while a descriptor is open. */
export const identityOf = ({ dev, ino }: { readonly dev: number; readonly ino: number }): string =>
  `${dev}:${ino}`

const identityAt = (path: string): string | undefined => {
  try {
    return identityOf(statSync(path))
  } catch {
    return undefined // gone
  }
}
