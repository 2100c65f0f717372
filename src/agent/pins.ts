/**
 * Peer keys pinned on first use: which public key each named peer of each object had when this node first saw
 * it. Off unless the local bounds say `pinPeerKeys: true`, because a machine that is set up anew has a new key,
 * and its peers would then have to be told one by one.
 */
import { join } from 'node:path'
import type { Problem, WireGuardIntent } from '../model/index.ts'
import { readJson, stringEntries, writeJson } from './json-file.ts'

export class PeerPins {
  readonly #path: string
  #pins: Map<string, string> | undefined

  constructor(stateDir: string) {
    this.#path = join(stateDir, 'pins.json')
  }

  /** Pins peers not seen before, and returns a problem for each that has changed. */
  async check(wg: WireGuardIntent, o: { readonly write: boolean }): Promise<Problem[]> {
    this.#pins ??= new Map(stringEntries(await readJson(this.#path)))
    const pins = this.#pins
    const problems: Problem[] = []
    const fresh: [string, string][] = []
    for (const peer of wg.peers) {
      if (peer.node === undefined) continue
      const id = `${wg.owner.kind}/${wg.owner.namespace}/${wg.owner.name}/${peer.node}`
      const pinned = pins.get(id)
      if (pinned === undefined) fresh.push([id, peer.publicKey])
      else if (pinned !== peer.publicKey)
        problems.push({
          code: 'PeerKeyChanged',
          path: `${wg.owner.kind}/${wg.owner.name}`,
          message: `the plan says ${peer.publicKey} for ${peer.node}, but ${pinned} is pinned`,
          hint: `If ${peer.node} really has a new key, remove its line from ${this.#path}.`,
        })
    }
    if (o.write && problems.length === 0 && fresh.length > 0) {
      for (const [id, key] of fresh) pins.set(id, key)
      try {
        await writeJson(this.#path, Object.fromEntries(pins))
      } catch (error) {
        // A pin that does not last is none, so a peer that cannot be pinned is not taken.
        for (const [id] of fresh) pins.delete(id)
        const message = `cannot pin the keys of its peers: ${(error as Error).message}`
        return [{ code: 'PeerKeyChanged', path: `${wg.owner.kind}/${wg.owner.name}`, message }]
      }
    }
    return problems
  }
}
