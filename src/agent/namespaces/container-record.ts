/**
 * Where we put something: the containers' namespaces, and the names under which WireGuard interfaces of containers
 * are born in the node's own. Written before the change, so that whatever becomes of the agent, a later one knows
 * where to look for what nobody wants any more (state/containers.json).
 */
import { join } from 'node:path'
import { birthNameOf, netnsNameOf } from '../../model/index.ts'
import type { ContainerRef, NetnsName, Step } from '../../model/index.ts'
import { idOf } from '../by-link.ts'
import { readJson, writeJson } from '../json-file.ts'

interface Entry {
  readonly container: ContainerRef
  /** `linkIdOf` WireGuard interfaces. */
  readonly wireguard: Set<string>
}

export class ContainerRecord {
  readonly #path: string
  readonly #entries = new Map<NetnsName, Entry>()
  #births = new Set<string>()
  #loaded = false
  #dirty = false

  constructor(stateDir: string) {
    this.#path = join(stateDir, 'containers.json')
  }

  async load(): Promise<void> {
    if (this.#loaded) return
    this.#loaded = true
    for (const { container, wireguard } of entriesOf(await readJson(this.#path)))
      this.#entries.set(netnsNameOf(container), { container, wireguard: new Set(wireguard) })
    this.#count()
  }

  get containers(): readonly ContainerRef[] {
    return [...this.#entries.values()].map((e) => e.container)
  }

  /** A link of this name is ours wherever it is found, marked or not: nobody else has such names. */
  isBirth(name: string): boolean {
    return this.#births.has(name)
  }

  /** To be called before the steps are applied; throws when it cannot be kept. */
  async note(steps: readonly Step[]): Promise<void> {
    for (const step of steps) {
      if (step.in !== undefined) this.#add(step.in, step)
      if (step.kind === 'link-add' && step.peer?.in !== undefined) this.#add(step.peer.in)
    }
    await this.keep()
  }

  #add(container: ContainerRef, step?: Step): void {
    const name = netnsNameOf(container)
    const known = this.#entries.get(name)
    const entry = known ?? { container, wireguard: new Set() }
    if (known === undefined) this.#dirty = true
    this.#entries.set(name, entry)
    if (step?.kind !== 'link-create') return
    const id = idOf({ name: step.link, container })
    if (entry.wireguard.has(id)) return
    entry.wireguard.add(id)
    this.#dirty = true
    this.#count()
  }

  /** Nothing of ours is there any more, or it is gone with all it had. */
  forget(name: NetnsName): void {
    if (!this.#entries.delete(name)) return
    this.#dirty = true
    this.#count()
  }

  #count(): void {
    this.#births = new Set([...this.#entries.values()].flatMap((e) => [...e.wireguard].map(birthNameOf)))
  }

  async keep(): Promise<void> {
    if (!this.#dirty) return
    const entries = [...this.#entries.values()].map((e) => ({ ...e, wireguard: [...e.wireguard] }))
    await writeJson(this.#path, entries)
    this.#dirty = false
  }
}

const entriesOf = (value: unknown): { container: ContainerRef; wireguard: readonly string[] }[] =>
  Array.isArray(value)
    ? value.flatMap((entry: unknown) => {
        const { container, wireguard } = (entry ?? {}) as { container?: unknown; wireguard?: unknown }
        const ids = Array.isArray(wireguard) ? wireguard.filter((id) => typeof id === 'string') : []
        return isRef(container) ? [{ container, wireguard: ids }] : []
      })
    : []

/** The file is the agent's own; this is against damage only. */
const isRef = (value: unknown): value is ContainerRef => {
  if (typeof value !== 'object' || value === null) return false
  const text = (key: string): boolean => typeof (value as Record<string, unknown>)[key] === 'string'
  switch ((value as { kind?: unknown }).kind) {
    case 'docker':
    case 'podman':
      return text('name')
    case 'containerd':
      return text('id') && text('namespace')
    case 'cri':
      return text('id')
    case 'pod':
      return text('namespace') && text('name')
    case 'pid':
      return typeof (value as { pid?: unknown }).pid === 'number'
    case 'netns':
      return text('path')
    default:
      return false
  }
}
