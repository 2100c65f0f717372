/**
 * A proxy under test: any command that takes PROXY_TO, WIREGUARD_CONFIG_FNAME and LISTEN from its environment.
 */
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { eventually } from '../../test/harness/eventually.ts'
import { INSIDE, PATHS, type Path, type Place } from './place.ts'
import { treeOf } from './processes.ts'

export interface Contestant {
  readonly name: string
  /** A line for sh. Undefined: no proxy at all, the client talks plain TCP to the server. */
  readonly command: string | undefined
  /** Its address inside is 10.9.0.(2 + slot), its port 8080 + 2 × slot, and one more for uploads. */
  readonly slot: number
}

export interface RunningProxy {
  readonly name: string
  /** HOST:PORT that stands for nginx, or for the sink. */
  readonly to: string
  readonly pids: readonly number[]
  close(): Promise<void>
}

export type Target = 'nginx' | 'sink'
const TARGETS = { nginx: { port: 80, probe: '/tiny' }, sink: { port: 81, probe: '/probe' } } as const

export interface StartOptions {
  readonly path: Path
  readonly target: Target
}

/** Comes back when a page has come through it. */
export async function startProxy(
  place: Place,
  { name, command, slot }: Contestant,
  { path, target }: StartOptions,
): Promise<RunningProxy> {
  const { port, probe } = TARGETS[target]
  if (command === undefined)
    return { name, to: `${PATHS[path]}:${port}`, pids: [], close: () => Promise.resolve() }
  const listen = `127.0.0.1:${8080 + 2 * slot + (target === 'sink' ? 1 : 0)}`
  const file = join(place.folder, `${slot}-${path}.conf`)
  writeFileSync(file, configOf(place, slot, path), { mode: 0o600 })
  const child = place.client.spawn('sh', ['-c', `exec ${command}`], {
    PROXY_TO: `http://${INSIDE}:${port}`,
    WIREGUARD_CONFIG_FNAME: file,
    LISTEN: listen,
  })
  let output = ''
  for (const stream of [child.stdout, child.stderr])
    stream?.on('data', (chunk: Buffer) => (output = (output + chunk.toString()).slice(-4000)))
  const answers = async (): Promise<boolean> => {
    if (child.exitCode !== null) throw new Error(`${name} ended: ${output}`)
    return place.client.succeeds(`curl -sf -m 2 -o /dev/null http://${listen}${probe}`)
  }
  try {
    await eventually(answers, { timeoutMs: 20_000, intervalMs: 100, what: `${name} answers` })
  } catch (error) {
    await stop(child)
    throw new Error(`${name} never served a page: ${output}`, { cause: error })
  }
  return { name, to: listen, pids: [child.pid ?? 0], close: () => stop(child) }
}

function configOf({ clientKeys, serverKey }: Place, slot: number, path: Path): string {
  return `[Interface]
PrivateKey = ${clientKeys[slot]?.privateKey}
Address = 10.9.0.${slot + 2}/32

[Peer]
PublicKey = ${serverKey}
AllowedIPs = 10.9.0.0/24
Endpoint = ${PATHS[path]}:51820
PersistentKeepalive = 25
`
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const ended = once(child, 'exit')
  // A shell that did not hand over to the proxy would leave it behind, with its port.
  for (const pid of treeOf([child.pid ?? 0])) {
    try {
      process.kill(pid, 'SIGKILL')
    } catch {
      // It ended by itself since it was found.
    }
  }
  await ended
}
