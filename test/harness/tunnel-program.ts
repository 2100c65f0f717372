/**
 * A tunnel in a process of its own, for tests that want it in another namespace and without privileges. Questions come
 * as lines of JSON on stdin, answers leave as lines of JSON on stdout, one each and in order of completion:
 *
 *   { id, op: 'open', engine, text, options? }        { id, op: 'fetch' | 'put', host, port, count }
 *   { id, op: 'ping', host }   { id, op: 'ready' }    { id, op: 'serve', port }: echoes what it gets
 *   { id, op: 'status' }       { id, op: 'close' }    { id, op: 'reconfigure', text }
 *   { id, op: 'user' }         { id, op: 'objects' }: what the process has loaded
 */
import { createHash } from 'node:crypto'
import { createInterface } from 'node:readline'
import type { ByteStream } from '../../src/streams/index.ts'
import { openEngine } from '../../src/sockets/index.ts'
import { openTunnel, parseTunnelSettings, type Tunnel, type TunnelSettings } from '../../src/tunnel/index.ts'
import { pattern } from './byte-pattern.ts'

export interface Question {
  readonly op: string
  readonly engine?: 'native' | 'plain'
  readonly text?: string
  readonly host?: string
  readonly port?: number
  readonly count?: number
  readonly timeoutMs?: number
  readonly stateDir?: string
}

let tunnel: Tunnel | undefined

for await (const line of createInterface({ input: process.stdin })) void answer(line)

async function answer(line: string): Promise<void> {
  const { id, ...question } = JSON.parse(line) as Question & { readonly id: number }
  try {
    say({ id, result: (await run(question)) ?? null })
  } catch (error) {
    const { code, message } = error as { readonly code?: string; readonly message: string }
    say({ id, error: { code, message } })
  }
}

function say(value: object): void {
  process.stdout.write(`${JSON.stringify(value)}\n`)
}

async function run(q: Question): Promise<unknown> {
  const { op, host = '', port = 80, count = 0, text = '' } = q
  if (op === 'open') return open(q)
  if (op === 'user') return { uid: process.getuid?.(), capabilities: await capabilities() }
  if (op === 'objects')
    return (process.report.getReport() as { sharedObjects: readonly string[] }).sharedObjects
  if (tunnel === undefined) throw new Error('no tunnel is open')
  const patience = q.timeoutMs === undefined ? {} : { timeoutMs: q.timeoutMs }
  switch (op) {
    case 'ready':
      return tunnel.ready()
    case 'ping':
      return tunnel.ping(host, patience)
    case 'resolve':
      return tunnel.resolve(host)
    case 'status':
      return tunnel.status()
    case 'fetch':
      return fetchBytes(await tunnel.connect({ host, port }, patience), `/bytes/${count}`)
    case 'put':
      return putBytes(await tunnel.connect({ host, port }, patience), count)
    case 'serve':
      tunnel.listen({ port, onConnection: echo })
      return undefined
    case 'reconfigure':
      return tunnel.reconfigure(settingsOf(text))
    case 'usage':
      return { ...process.cpuUsage(), rss: process.memoryUsage.rss() }
    case 'close':
      await tunnel.close()
      return undefined
    default:
      throw new Error(`no such question: ${op}`)
  }
}

async function open({ engine: kind = 'native', text = '', stateDir }: Question): Promise<unknown> {
  const engine = openEngine({ kind })
  const log = { info: () => {}, warn: (message: string, fields?: object) => console.error(message, fields) }
  tunnel = await openTunnel({
    ...{ settings: settingsOf(text), engine, log },
    ...(stateDir === undefined ? {} : { stateDir }),
  })
  return tunnel.status()
}

function settingsOf(text: string): TunnelSettings {
  const { settings, problems } = parseTunnelSettings(text)
  if (settings === undefined) throw new Error(JSON.stringify(problems))
  return settings
}

async function capabilities(): Promise<string> {
  const { readFile } = await import('node:fs/promises')
  return /^CapEff:\s*(\w+)$/m.exec(await readFile('/proc/self/status', 'utf8'))?.[1] ?? ''
}

/** Whole response, head and body apart; the server closes at the end. */
async function fetchBytes(stream: ByteStream, path: string): Promise<unknown> {
  await writeAll(stream, Buffer.from(`GET ${path} HTTP/1.1\r\nHost: behind\r\nConnection: close\r\n\r\n`))
  return readResponse(stream)
}

async function putBytes(stream: ByteStream, count: number): Promise<unknown> {
  const head = `PUT / HTTP/1.1\r\nHost: behind\r\nContent-Length: ${count}\r\nConnection: close\r\n\r\n`
  await writeAll(stream, Buffer.from(head))
  for (const chunk of pattern(count)) await writeAll(stream, chunk)
  return readResponse(stream)
}

async function readResponse(stream: ByteStream): Promise<unknown> {
  const hash = createHash('sha256')
  let head = ''
  let received = 0
  let text = ''
  const take = (bytes: Uint8Array): void => {
    received += bytes.length
    hash.update(bytes)
    if (received < 500) text += Buffer.from(bytes).toString('latin1')
  }
  await readAll(stream, (bytes) => {
    if (head.endsWith('\r\n\r\n')) return take(bytes)
    head += Buffer.from(bytes).toString('latin1')
    const end = head.indexOf('\r\n\r\n')
    if (end < 0) return
    const body = Buffer.from(head.slice(end + 4), 'latin1')
    head = head.slice(0, end + 4)
    take(body)
  })
  stream.end()
  return { status: Number(head.split(' ')[1]), received, digest: hash.digest('hex'), text }
}

function echo(stream: ByteStream): void {
  const go = (): void => {
    for (;;) {
      const bytes = stream.peek()
      if (bytes.length === 0) break
      const taken = stream.write(bytes)
      if (taken === 0) break
      stream.consume(taken)
    }
    if (stream.inputEnded) stream.end()
  }
  stream.onProgress = go
  go()
}

function writeAll(stream: ByteStream, bytes: Uint8Array): Promise<void> {
  let done = 0
  return progressing(stream, () => {
    done += stream.write(bytes.subarray(done))
    return done === bytes.length
  })
}

function readAll(stream: ByteStream, take: (bytes: Uint8Array) => void): Promise<void> {
  return progressing(stream, () => {
    for (let bytes = stream.peek(); bytes.length > 0; bytes = stream.peek()) {
      take(bytes)
      stream.consume(bytes.length)
    }
    return stream.inputEnded
  })
}

/** Calls `step` now and at every progress until it is true. */
function progressing(stream: ByteStream, step: () => boolean): Promise<void> {
  return new Promise((resolve, reject) => {
    const look = (): void => {
      if (step()) {
        stream.onProgress = undefined
        resolve()
      } else if (stream.state === 'closed') reject(stream.failure ?? new Error('closed early'))
    }
    stream.onProgress = look
    look()
  })
}
