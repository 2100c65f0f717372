/**
 * Who reaches whom. Every ordered pair that the plan connects, by ping and by a TCP transfer; every pair that it
 * does not, tried the same way against a port that really listens; neighbours with a hop limit of one.
 */
import { echo, familyOf } from '../probes/echo.ts'
import { connectFrom, type Listener, listenIn, transfer } from '../probes/transfer.ts'
import type { Machine } from '../runtime/machine.ts'
import type { Pair } from './plan-facts.ts'
import type { Stage } from './stage.ts'

export interface Reached {
  readonly expected: number
  readonly reachable: number
  readonly forbidden: number
  readonly forbiddenChecked: number
}

const PING_TIMEOUT_MS = 8000
const TRANSFER_BYTES = 64 * 1024
const TRANSFER_TIMEOUT_MS = 8000
const AT_ONCE = 12
const REFUSED_AFTER_MS = 700

export async function proveReachability(stage: Stage): Promise<Reached> {
  const connected = await tryExpected(stage)
  const refused = await tryForbidden(stage)
  await proveDirect(stage)
  return { ...connected, ...refused }
}

async function tryExpected(stage: Stage): Promise<{ expected: number; reachable: number }> {
  const pairs = stage.facts.expected
  stage.progress(`${pairs.length} pairs ping`)
  const requests = pairs.map((pair) => ({ from: stage.lab.machine(pair.from), to: pair.address }))
  const pings = await echo(stage.lab.sys, requests, { timeoutMs: PING_TIMEOUT_MS })
  stage.progress(`${pairs.length} pairs transfer ${TRANSFER_BYTES / 1024} KiB by TCP`)
  // What does not ping has failed already; its transfer would only be waited for.
  const reached = await inBatches(
    pairs,
    async (pair, index) => pings[index] !== undefined && (await carries(stage, pair)),
  )
  const reachable = reached.filter(Boolean).length
  const lost = pairs.filter((_, index) => !reached[index]).map((pair, index) => describe(pair, pings[index]))
  const rtts = pings.flatMap((ms) => ms ?? []).toSorted((a, b) => a - b)
  const median = rtts[Math.floor(rtts.length / 2)]?.toFixed(1) ?? '-'
  stage.check(
    lost.length === 0 && pairs.length > 0,
    `${reachable} of ${pairs.length} pairs (both ways, both families) ping and transfer, median ${median} ms${some(lost)}`,
  )
  return { expected: pairs.length, reachable }
}

async function carries(stage: Stage, pair: Pair): Promise<boolean> {
  return transfer({
    from: stage.lab.machine(pair.from),
    to: stage.lab.machine(pair.to),
    address: pair.address,
    bytes: TRANSFER_BYTES,
    timeoutMs: TRANSFER_TIMEOUT_MS,
  })
}

function describe(pair: Pair, ping: number | undefined): string {
  return `${pair.from} to ${pair.to} (${pair.address}${ping === undefined ? ', no ping' : ''})`
}

function some(lost: readonly string[]): string {
  if (lost.length === 0) return ''
  const shown = lost.slice(0, 4).join(', ')
  return `; not: ${shown}${lost.length > 4 ? ` and ${lost.length - 4} more` : ''}`
}

/** What must not work, from hosts and from the stranger. */
function forbiddenPairs(stage: Stage): Pair[] {
  const expected = new Set(stage.facts.expected.map((pair) => `${pair.from} ${pair.address}`))
  const everyone = [...stage.lab.hosts, stage.stranger]
  return everyone.flatMap((from) =>
    stage.lab.hosts
      .filter((to) => to !== from)
      .flatMap((to) =>
        [...underlayOf(from, to), ...(stage.facts.addresses.get(to.name) ?? [])].map((address) => ({
          from: from.name,
          to: to.name,
          address,
        })),
      )
      .filter((pair) => !expected.has(`${pair.from} ${pair.address}`)),
  )
}

/** The addresses of `to` outside the tunnel, in the families that `from` has; neighbours on one LAN may talk. */
function underlayOf(from: Machine, to: Machine): string[] {
  if (from.spec.site !== undefined && from.spec.site === to.spec.site) return []
  const families = new Set(bareAddresses(from).map(familyOf))
  return bareAddresses(to).filter((address) => families.has(familyOf(address)))
}

function bareAddresses(machine: Machine): string[] {
  return machine.spec.cables.flatMap((cable) => cable.addresses.map((text) => text.split('/')[0] ?? ''))
}

async function tryForbidden(stage: Stage): Promise<{ forbidden: number; forbiddenChecked: number }> {
  const pairs = forbiddenPairs(stage)
  stage.progress(`${pairs.length} forbidden pairs are tried`)
  const listeners = await listenEverywhere(pairs, stage)
  const requests = pairs.map((pair) => ({ from: stage.lab.machine(pair.from), to: pair.address }))
  const [pings, connected] = await Promise.all([
    echo(stage.lab.sys, requests, { timeoutMs: REFUSED_AFTER_MS }),
    Promise.all(pairs.map((pair) => connects(stage, pair, listeners.get(`${pair.to} ${pair.address}`)))),
  ])
  for (const listener of listeners.values()) listener.server.close()
  const through = pairs.filter((_, index) => pings[index] !== undefined || connected[index] === true)
  stage.check(
    through.length === 0,
    `${pairs.length} pairs that must not reach each other were tried by ping and TCP, ${through.length} got through${
      through.length === 0
        ? ''
        : `: ${through
            .slice(0, 4)
            .map((pair) => describe(pair, 1))
            .join(', ')}`
    }`,
  )
  return { forbidden: through.length, forbiddenChecked: pairs.length }
}

/** Somebody listens behind every address that is tried: a refusal is then the filter's doing. */
async function listenEverywhere(pairs: readonly Pair[], stage: Stage): Promise<Map<string, Listener>> {
  const places = new Map(pairs.map((pair) => [`${pair.to} ${pair.address}`, pair]))
  const listeners = await Promise.all(
    [...places].map(
      async ([key, pair]) => [key, await listenIn(stage.lab.machine(pair.to), pair.address)] as const,
    ),
  )
  return new Map(listeners)
}

async function connects(stage: Stage, pair: Pair, listener: Listener | undefined): Promise<boolean> {
  const to = { address: pair.address, port: listener?.port ?? 9 }
  try {
    const socket = await connectFrom(stage.lab.machine(pair.from), to, REFUSED_AFTER_MS)
    socket.destroy()
    return true
  } catch {
    return false // refused, unreachable or silent: as it should be
  }
}

async function proveDirect(stage: Stage): Promise<void> {
  for (const { a, b } of stage.facts.neighbours) {
    const requests = [
      ...(stage.facts.addresses.get(b) ?? []).map((to) => ({ from: stage.lab.machine(a), to, hopLimit: 1 })),
      ...(stage.facts.addresses.get(a) ?? []).map((to) => ({ from: stage.lab.machine(b), to, hopLimit: 1 })),
    ]
    const answers = await echo(stage.lab.sys, requests, { timeoutMs: 3000 })
    const direct = answers.filter((ms) => ms !== undefined).length
    stage.check(
      direct === requests.length,
      `${a} and ${b} talk directly: ${direct} of ${requests.length} pings with a hop limit of 1 are answered, which no relay could pass on`,
    )
  }
}

async function inBatches<T, R>(
  items: readonly T[],
  work: (item: T, index: number) => Promise<R>,
): Promise<R[]> {
  const results: R[] = []
  for (let at = 0; at < items.length; at += AT_ONCE) {
    const batch = items.slice(at, at + AT_ONCE)
    results.push(...(await Promise.all(batch.map((item, offset) => work(item, at + offset)))))
  }
  return results
}
