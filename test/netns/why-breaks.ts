/** A way to break one thing, what `warren why` is to say of it, and how to mend it again: rows of why-*.test.ts. */
import assert from 'node:assert/strict'
import { readdirSync, readFileSync, readlinkSync } from 'node:fs'
import type { TestContext } from 'node:test'
import type { Namespace } from '../harness/namespace.ts'
import type { AgentHost } from './agent-hosts.ts'
import { causeText, type Laptop } from './why-hosts.ts'

export interface Scene {
  readonly hosts: Readonly<Record<string, AgentHost>>
  readonly router: Namespace
  readonly laptop: Laptop
}

export interface Break {
  readonly name: string
  readonly cut: (scene: Scene) => Promise<unknown>
  readonly mend?: (scene: Scene) => Promise<unknown>
  /** `CHECK at NODE: what it says`. */
  readonly cause: RegExp
  /** One of the remedies. */
  readonly fix: RegExp
  /** Default: a to b. */
  readonly pair?: readonly [string, string]
}

/** Each row by itself: after it is mended the next one begins. */
export async function breakAll(t: TestContext, scene: Scene, breaks: readonly Break[]): Promise<void> {
  for (const { name, cut, mend, cause, fix, pair: [from, to] = ['a', 'b'] } of breaks) {
    await t.test(`why: ${name}`, async () => {
      await cut(scene)
      try {
        const found = await scene.laptop.why(from, to)
        assert.match(causeText(found), cause, found.text)
        const fixes = found.cause?.fix ?? []
        assert.ok(
          fixes.some((one) => fix.test(one)),
          fixes.join('\n'),
        )
        assert.equal(found.code, 1)
      } finally {
        await mend?.(scene)
      }
    })
  }
}

export async function dropAt(host: Namespace, hook: string, rule: string): Promise<void> {
  await host.exec('nft add table inet t')
  await host.exec(`nft add chain inet t c { type filter hook ${hook} priority 0 ; policy accept ; }`)
  await host.exec(`nft add rule inet t c ${rule}`)
}

export function dropNothing(host: Namespace): Promise<string> {
  return host.exec('nft delete table inet t')
}

export function hostOf({ hosts }: Scene, name: string): AgentHost {
  const host = hosts[name]
  if (host === undefined) throw new Error(`no host ${name}`)
  return host
}

export const netOf = (scene: Scene, name: string): Namespace => hostOf(scene, name).net

/** Those of a host that were started with this word. */
export function processesOf(host: Namespace, word: string): number[] {
  const network = readlinkSync(`/proc/${host.pid}/ns/net`)
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .filter((pid) => {
      try {
        const words = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0')
        return words.includes(word) && readlinkSync(`/proc/${pid}/ns/net`) === network
      } catch {
        return false // it ended since it was found
      }
    })
    .map(Number)
}
