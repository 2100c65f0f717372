/** What `warren proxy status` does: finds proxies, asks them, prints what they say. */
import { askStatus, parseListen, type ProxyStatus, statusPaths } from '../../proxy/index.ts'
import { BadInput, CheckFailed, MissingHere } from '../exit.ts'
import { paintFor } from '../terminal/paint.ts'
import { standardOutput } from '../terminal/terminal.ts'
import { formatStatus } from './format-status.ts'
import type { StatusFlags } from './register-status.ts'

export async function runStatus(name: string | undefined, { from, output }: StatusFlags): Promise<void> {
  const answers = from === undefined ? await askAll() : [await askOne(from)]
  const found = answers.filter((status) => name === undefined || status.name === name)
  if (found.length === 0) throw new MissingHere(noneOf(name))
  const terminal = standardOutput()
  if (output === 'text') {
    const how = { paint: paintFor(terminal), nowMs: Date.now() }
    terminal.write(found.map((status) => formatStatus(status, how)).join('\n'))
  } else {
    const { formatStructured } = await import('../terminal/structured.ts')
    terminal.write(await formatStructured(found.length === 1 ? found[0] : found, output))
  }
  if (!found.every(({ ready }) => ready)) throw new CheckFailed('')
}

function noneOf(name: string | undefined): string {
  if (name !== undefined) return `no proxy called ${name} runs as this user`
  const where = process.env['XDG_RUNTIME_DIR'] === undefined ? ' (XDG_RUNTIME_DIR is not set)' : ''
  return `no proxy of this user is to be found${where}; one with --operations is asked by --from 127.0.0.1:9090`
}

async function askAll(): Promise<ProxyStatus[]> {
  const folder = process.env['XDG_RUNTIME_DIR']
  const paths = folder === undefined || folder === '' ? [] : statusPaths(folder)
  const answers = await Promise.all(paths.map((path) => askStatus(path)))
  return answers.flatMap((text) => parse(text) ?? [])
}

async function askOne(from: string): Promise<ProxyStatus> {
  const status = parse(from.includes('/') ? await askStatus(from) : await askListener(from))
  if (status === undefined) throw new MissingHere(`no proxy answers at ${from}`)
  return status
}

async function askListener(from: string): Promise<string | undefined> {
  const place = parseListen(from)
  if (place === undefined || place.port === 0)
    throw new BadInput([
      {
        code: 'InvalidValue',
        path: '--from',
        message: 'neither HOST:PORT nor the path of a socket',
        hint: 'Write 127.0.0.1:9090, or /run/user/1000/warren-proxy/NAME.sock.',
      },
    ])
  const host = place.host === '' ? '127.0.0.1' : place.host.includes(':') ? `[${place.host}]` : place.host
  try {
    const answer = await fetch(`http://${host}:${place.port}/status`, { signal: AbortSignal.timeout(5000) })
    return answer.ok ? await answer.text() : undefined
  } catch {
    return undefined // Nobody listens there, or not with an answer.
  }
}

function parse(text: string | undefined): ProxyStatus | undefined {
  if (text === undefined) return undefined
  try {
    const value = JSON.parse(text) as Partial<ProxyStatus> | null
    return value?.tunnels !== undefined && value.routes !== undefined ? (value as ProxyStatus) : undefined
  } catch {
    return undefined // It is no proxy of ours.
  }
}
