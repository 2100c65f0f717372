/** Finds the status sockets of this user's proxies and reads what they say. */
import { readdirSync } from 'node:fs'
import { join } from 'node:path'

const IDLE_MS = 5000
const MAX_ANSWER_BYTES = 64 * 1024 * 1024

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

/** Undefined: nobody serves it. */
export async function askStatus(path: string): Promise<string | undefined> {
  // A proxy that asks nobody does not need it.
  const { connect } = await import('node:net')
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

export const FOLDER_NAME = 'warren-proxy'

/** Where they lie. */
export const folderOf = (runtimeFolder: string): string => join(runtimeFolder, FOLDER_NAME)
