/**
 * A unix socket on which this user can ask a proxy how it is: whoever connects gets the status as JSON, and the end. Its
 * folder is XDG_RUNTIME_DIR, which belongs to the user alone; elsewhere only when a path is given.
 */
import { mkdirSync, readdirSync, rmSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import { dirname, join } from 'node:path'

export interface StatusSocketOptions {
  readonly path: string
  readonly answer: () => string
}

export interface StatusSocket {
  readonly path: string
  close(): void
}

const MAX_CONNECTIONS = 16
const IDLE_MS = 5000
const MAX_ANSWER_BYTES = 64 * 1024 * 1024
/** sun_path with its NUL (unix(7)). */
const MAX_PATH_BYTES = 107

/** In the user's own runtime folder; undefined where there is none, as in most containers. */
export function defaultStatusPath(
  name: string,
  { runtimeFolder, pid }: { readonly runtimeFolder: string | undefined; readonly pid: number },
): string | undefined {
  return runtimeFolder === undefined || runtimeFolder === ''
    ? undefined
    : join(folderOf(runtimeFolder), `${name}.${pid}.sock`)
}

/** Sockets that proxies of this user have made, some of them perhaps left behind. */
export function statusPaths(runtimeFolder: string): readonly string[] {
  const folder = folderOf(runtimeFolder)
  try {
    return readdirSync(folder)
      .filter((name) => name.endsWith('.sock'))
      .toSorted()
      .map((name) => join(folder, name))
  } catch {
    return [] // No proxy has ever run, or the folder is not ours: to whoever asks that is the same.
  }
}

/** Rejects with an Error that says why: the folder, the length of the path, another process. */
export async function serveStatus({ path, answer }: StatusSocketOptions): Promise<StatusSocket> {
  if (Buffer.byteLength(path) > MAX_PATH_BYTES)
    throw new Error(`longer than ${MAX_PATH_BYTES} bytes: ${path}`)
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 })
  if ((await askStatus(path)) === undefined) rmSync(path, { force: true })
  const server = createServer((socket) => {
    socket.on('error', () => socket.destroy())
    socket.setTimeout(IDLE_MS, () => socket.destroy())
    socket.resume()
    socket.end(answer())
  })
  server.maxConnections = MAX_CONNECTIONS
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    // It is bound before `listen` comes back.
    const before = process.umask(0o177)
    server.listen(path, resolve)
    process.umask(before)
  })
  server.unref()
  return { path, close: () => void server.close() }
}

/** Undefined: nobody serves it. */
export function askStatus(path: string): Promise<string | undefined> {
  return new Promise((resolve) => {
    const parts: Buffer[] = []
    let length = 0
    const socket = connect({ path })
    socket.setTimeout(IDLE_MS, () => socket.destroy())
    socket.on('data', (part: Buffer) => {
      parts.push(part)
      length += part.length
      if (length > MAX_ANSWER_BYTES) socket.destroy()
    })
    socket.on('end', () => resolve(Buffer.concat(parts).toString('utf8')))
    socket.on('error', () => resolve(undefined))
    socket.on('close', () => resolve(undefined))
  })
}

const folderOf = (runtimeFolder: string): string => join(runtimeFolder, 'warren-proxy')
