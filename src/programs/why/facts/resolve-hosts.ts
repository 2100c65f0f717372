/** The names of endpoints, resolved as the agent of this machine would. */
import { lookup } from 'node:dns/promises'
import { isIP } from 'node:net'
import { setTimeout as pause } from 'node:timers/promises'
import type { ResolvedFacts } from '../../../diagnosis/index.ts'

const PATIENCE_MS = 5000

export function resolveHosts(hosts: readonly string[]): Promise<ResolvedFacts[]> {
  return Promise.all(hosts.map(resolveHost))
}

async function resolveHost(host: string): Promise<ResolvedFacts> {
  if (isIP(host) !== 0) return { host, addresses: [host], problem: null }
  try {
    const found = await Promise.race([lookup(host, { all: true }), late()])
    return { host, addresses: found.map(({ address }) => address), problem: null }
  } catch (error) {
    return { host, addresses: [], problem: (error as { code?: string }).code ?? (error as Error).message }
  }
}

async function late(): Promise<never> {
  await pause(PATIENCE_MS, undefined, { ref: false })
  throw Object.assign(new Error('no answer in time'), { code: 'ETIMEDOUT' })
}
