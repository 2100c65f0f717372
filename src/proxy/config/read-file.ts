/**
 * Reads a file that a configuration names: whole, bounded, and with what its mode says about who else may read it. A
 * pipe (`--config <(…)`) is read, too.
 */
import type { Stats } from 'node:fs'
import { open } from 'node:fs/promises'

/** A WireGuard file with ten thousand peers has as much; a chain of certificates has a few KiB. */
export const MAX_FILE_BYTES = 1024 * 1024

export type ReadFile = (path: string) => Promise<FileRead>

export type FileRead =
  | { readonly kind: 'text'; readonly text: string; readonly othersMayRead: boolean }
  | { readonly kind: 'absent' }
  | { readonly kind: 'unreadable'; readonly why: string }
  | { readonly kind: 'too-large' }

const GROUP = 0o070
const OTHERS = 0o007

/** A group that is how we get at somebody else's file, as Kubernetes has it with fsGroup, is not the others. */
function isOpenToOthers({ mode, uid, gid }: Stats): boolean {
  if ((mode & OTHERS) !== 0) return true
  const isOurs = uid === process.geteuid?.()
  const isOurGroup = gid === process.getegid?.() || process.getgroups?.().includes(gid) === true
  return (mode & GROUP) !== 0 && (isOurs || !isOurGroup)
}

export const readFile: ReadFile = async (path) => {
  try {
    const file = await open(path, 'r')
    try {
      const stat = await file.stat()
      if (stat.isDirectory()) return { kind: 'unreadable', why: 'it is a directory' }
      const text = await readBounded(file.read.bind(file))
      if (text === undefined) return { kind: 'too-large' }
      return { kind: 'text', text, othersMayRead: stat.isFile() && isOpenToOthers(stat) }
    } finally {
      await file.close()
    }
  } catch (error) {
    const { code = String(error) } = error as NodeJS.ErrnoException
    if (code === 'ENOENT') return { kind: 'absent' }
    return { kind: 'unreadable', why: WORDS[code] ?? code }
  }
}

const WORDS: Readonly<Record<string, string>> = {
  EACCES: 'permission denied',
  EISDIR: 'it is a directory',
  ENOTDIR: 'a part of its path is a file, not a folder',
  ENAMETOOLONG: 'its name is too long',
  ERR_INVALID_ARG_VALUE: 'its name has a NUL byte in it',
}

type Read = (buffer: Uint8Array, offset: number, length: number) => Promise<{ readonly bytesRead: number }>

async function readBounded(read: Read): Promise<string | undefined> {
  const bytes = Buffer.alloc(MAX_FILE_BYTES + 1)
  let length = 0
  while (length < bytes.length) {
    const { bytesRead } = await read(bytes, length, bytes.length - length)
    if (bytesRead === 0) return bytes.toString('utf8', 0, length)
    length += bytesRead
  }
  return undefined
}
