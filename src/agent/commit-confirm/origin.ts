/**
 * Where plans come from: the other end of the SSH session that brought the last one. Kept in STATE/origin.json, since
 * that is whom a later change must not cut off.
 */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseAddress } from '../../model/index.ts'
import type { ProtectedAddress } from '../../reconcile/index.ts'
import { readJson, writeJson } from '../json-file.ts'

/**
 * sshd(8) says it in SSH_CONNECTION: `client-address client-port server-address server-port`. sudo takes it out of
 * the environment of what it runs, so the processes above are asked too, as far as they let us.
 */
export const sshSession = (
  pid: number = process.pid,
  read = readEnvironment,
): ProtectedAddress | undefined => {
  for (let at = pid, hops = 0; at > 1 && hops < 32; hops++) {
    const { variables, parent } = read(at)
    const found = variables.find((one) => one.startsWith('SSH_CONNECTION='))
    if (found !== undefined) return sessionOf(found.slice('SSH_CONNECTION='.length))
    at = parent
  }
  return undefined
}

interface Environment {
  readonly variables: readonly string[]
  readonly parent: number
}

const readEnvironment = (pid: number): Environment => {
  try {
    const status = readFileSync(`/proc/${pid}/status`, 'utf8')
    const parent = Number(/^PPid:\s*(\d+)/m.exec(status)?.[1] ?? 0)
    return { variables: readFileSync(`/proc/${pid}/environ`, 'utf8').split('\0'), parent }
  } catch {
    return { variables: [], parent: 0 } // not ours to read, or gone: nobody to protect is known
  }
}

/** Addresses come with a zone when they are link-local; there is no way to those that a route decides. */
const sessionOf = (text: string): ProtectedAddress | undefined => {
  const [client = '', , server = ''] = text.split(' ').map((word) => word.replace(/^::ffff:(?=\d+\.)/i, ''))
  if (parseAddress(client) === undefined) return undefined
  return { address: client, ...(parseAddress(server) === undefined ? {} : { from: server }) }
}

const pathOf = (stateDir: string): string => join(stateDir, 'origin.json')

export const rememberOrigin = (stateDir: string, origin: ProtectedAddress): Promise<void> =>
  writeJson(pathOf(stateDir), origin)

export const readOrigin = async (stateDir: string): Promise<ProtectedAddress | undefined> => {
  const value = (await readJson(pathOf(stateDir))) as Partial<ProtectedAddress> | undefined
  if (typeof value?.address !== 'string' || parseAddress(value.address) === undefined) return undefined
  return { address: value.address, ...(typeof value.from === 'string' ? { from: value.from } : {}) }
}
