/**
 * What the plan said when an endpoint was last written to each peer, and what was written. It outlives the agent: a plan that changed
 * while no agent ran is a change, and an endpoint that merely roamed is not.
 */
import { join } from 'node:path'
import { readJson, stringEntries, writeJson } from './json-file.ts'

export class EndpointMemory {
  readonly #path: string
  #written = new Map<string, string>()
  #dirty = false

  constructor(stateDir: string) {
    this.#path = join(stateDir, 'endpoints.json')
  }

  async load(): Promise<void> {
    this.#written = new Map(stringEntries(await readJson(this.#path)))
  }

  get(peer: string): { readonly planned: string; readonly address: string } | undefined {
    const [planned, address] = this.#written.get(peer)?.split(' ') ?? []
    return planned === undefined || address === undefined ? undefined : { planned, address }
  }

  set(peer: string, planned: string, address: string): void {
    const text = `${planned} ${address}`
    if (this.#written.get(peer) === text) return
    this.#written.set(peer, text)
    this.#dirty = true
  }

  /** Forgets peers that are no longer planned, and writes if anything is new. */
  async save(planned: ReadonlySet<string>): Promise<void> {
    for (const peer of this.#written.keys()) {
      if (planned.has(peer)) continue
      this.#written.delete(peer)
      this.#dirty = true
    }
    if (!this.#dirty) return
    this.#dirty = false
    await writeJson(this.#path, Object.fromEntries(this.#written))
  }
}
