/**
 * Reading a file that somebody may be writing: read, look whether it changed meanwhile, read again. A file that
 * does not come to rest is not used.
 */
import { constants } from 'node:fs'
import { open } from 'node:fs/promises'
import { setTimeout as pause } from 'node:timers/promises'

/** Larger than any text that `parseObjects` accepts; a bigger file is not read into memory at all. */
const MAX_BYTES = 16 * 1024 * 1024
const ATTEMPTS = 20
const PAUSE_MS = 25

export type ReadFile =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'missing' }
  | { readonly kind: 'unreadable'; readonly reason: string }
  | { readonly kind: 'too-large'; readonly bytes: number }
  | { readonly kind: 'changing' }

export const readSettled = async (path: string): Promise<ReadFile> => {
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const read = await readOnce(path)
    if (read.kind !== 'changing') return read
    await pause(PAUSE_MS)
  }
  return { kind: 'changing' }
}

const readOnce = async (path: string): Promise<ReadFile> => {
  let file
  try {
    // Not blocking on a FIFO that somebody put here.
    file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK)
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? 'unknown'
    return code === 'ENOENT' ? { kind: 'missing' } : { kind: 'unreadable', reason: code }
  }
  try {
    const before = await file.stat({ bigint: true })
    if (!before.isFile()) return { kind: 'unreadable', reason: 'it is not a file' }
    if (before.size > MAX_BYTES) return { kind: 'too-large', bytes: Number(before.size) }
    const bytes = await file.readFile()
    const after = await file.stat({ bigint: true })
    const same = before.size === after.size && before.mtimeNs === after.mtimeNs
    if (!same || BigInt(bytes.length) !== after.size) return { kind: 'changing' }
    return { kind: 'text', text: new TextDecoder('utf-8', { fatal: true }).decode(bytes) }
  } catch (error) {
    return { kind: 'unreadable', reason: error instanceof TypeError ? 'it is not UTF-8' : String(error) }
  } finally {
    await file.close()
  }
}
