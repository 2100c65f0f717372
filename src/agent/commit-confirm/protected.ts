/**
 * Who is not to be cut off: the addresses that the node's owner wrote down as `keepReachable`, where the last plan came
 * from, and whoever has just typed `warren agent --once` over SSH.
 */
import { parseAddress, parseEndpoint } from '../../model/index.ts'
import type { Endpoint } from '../../model/index.ts'
import type { ProtectedAddress } from '../../reconcile/index.ts'
import type { Lookup } from '../endpoint-resolver.ts'
import { readOrigin } from './origin.ts'

export interface Protected {
  readonly addresses: readonly ProtectedAddress[]
  /** What can be asked whether it is there, by the address that it stands for. */
  readonly targets: ReadonlyMap<string, Endpoint>
  /** Names without an address at the moment: nothing is known of them. */
  readonly unresolved: readonly string[]
}

export interface ProtectedOptions {
  readonly keepReachable: readonly string[]
  readonly stateDir: string
  readonly session: ProtectedAddress | undefined
  readonly lookup: Lookup
}

export const protectedAddresses = async (o: ProtectedOptions): Promise<Protected> => {
  const addresses: ProtectedAddress[] = []
  const targets = new Map<string, Endpoint>()
  const unresolved: string[] = []
  const add = (one: ProtectedAddress, port?: number): void => {
    if (!addresses.some((known) => known.address === one.address && known.from === one.from))
      addresses.push(one)
    if (port !== undefined || !targets.has(one.address)) targets.set(one.address, { host: one.address, port })
  }
  for (const text of o.keepReachable) {
    const endpoint = parseEndpoint(text)
    if (endpoint === undefined) continue // agent.yaml was checked when it was read
    const found = await resolve(endpoint.host, o.lookup)
    if (found.length === 0) unresolved.push(endpoint.host)
    for (const address of found) add({ address }, endpoint.port)
  }
  for (const one of [await readOrigin(o.stateDir), o.session]) if (one !== undefined) add(one)
  return { addresses, targets, unresolved }
}

const resolve = async (host: string, lookup: Lookup): Promise<readonly string[]> => {
  if (parseAddress(host) !== undefined) return [host]
  try {
    return await lookup(host)
  } catch {
    return [] // told as unresolved
  }
}
