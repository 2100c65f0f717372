/**
 * A unix socket on which this user can ask a proxy how it is: whoever connects gets the status as JSON, and the end. Its
 * folder is XDG_RUNTIME_DIR, which belongs to the user alone; elsewhere only when a path is given.
 */
import { lstatSync, mkdirSync, readdirSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { basename, dirname, join } from 'node:path'
import { askStatus, folderOf, FOLDER_NAME } from './ask-status.ts'

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

/** Rejects with an Error that says why: the folder, the length of the path, another process. */
export async function serveStatus({ path, answer }: StatusSocketOptions): Promise<StatusSocket> {
  if (Buffer.byteLength(path) > MAX_PATH_BYTES)
    throw new Error(`longer than ${MAX_PATH_BYTES} bytes: ${path}`)
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 })
  // In a folder of somebody's choice, what ends in a number and `.sock` may be anybody's.
  if (basename(dirname(path)) === FOLDER_NAME) removeOrphans(dirname(path))
  if (isSocket(path) && (await askStatus(path)) === undefined) rmSync(path, { force: true })
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

/** Of processes that were killed: theirs are the only ones that stay. */
function removeOrphans(folder: string): void {
  for (const name of readdirSync(folder)) {
    const pid = /\.(\d{1,9})\.sock$/.exec(name)?.[1]
    if (pid === undefined || isAlive(Number(pid))) continue
    const path = join(folder, name)
    if (isSocket(path)) rmSync(path, { force: true })
  }
}

/** A file that has the name by mistake is not ours to remove: listening says that the place is taken. */
function isSocket(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false })?.isSocket() === true
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== 'ESRCH'
  }
}
