/**
 * Reads a file that a user named: bounded, whole, and not while it is being written. What goes wrong is a
 * problem, not an exception, so that several bad files are told of together.
 */
import { type FileHandle, open } from 'node:fs/promises'

import type { Problem } from '../../model/index.ts'

/** The bound of the model's own reader; nothing larger is even loaded. */
const MAX_BYTES = 16 * 1024 * 1024
const MAX_ATTEMPTS = 3

export type ReadText =
  | { readonly text: string }
  /** `absent`: there is no such file. */
  | { readonly problem: Problem; readonly absent?: boolean }

/** `-` is standard input. */
export async function readText(file: string): Promise<ReadText> {
  if (file === '-') return readStandardInput()
  try {
    const handle = await open(file, 'r')
    try {
      return await readSettled(handle, file)
    } finally {
      await handle.close()
    }
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? String(error)
    return { problem: unreadable(file, code), absent: code === 'ENOENT' }
  }
}

/** The size and time of change before and after agree, or it is read again. */
async function readSettled(handle: FileHandle, file: string): Promise<ReadText> {
  for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt += 1) {
    const before = await handle.stat({ bigint: true })
    if (before.isDirectory()) return { problem: unreadable(file, 'it is a directory') }
    if (before.size > MAX_BYTES) return { problem: tooLarge(file, Number(before.size)) }
    const bytes = await readBounded(handle)
    if (bytes === undefined) return { problem: tooLarge(file, MAX_BYTES + 1) }
    const after = await handle.stat({ bigint: true })
    // Pipes and /proc files have no size to compare; regular files must have held still.
    const still = before.mtimeNs === after.mtimeNs && before.size === after.size
    if (still || !before.isFile()) return { text: bytes.toString('utf8') }
  }
  return { problem: unreadable(file, 'it keeps changing while it is read') }
}

async function readBounded(handle: FileHandle): Promise<Buffer | undefined> {
  const parts: Buffer[] = []
  let total = 0
  // Positions start over on each attempt for files; a pipe has none and is read once.
  const regular = (await handle.stat()).isFile()
  while (true) {
    const part = Buffer.allocUnsafe(64 * 1024)
    const { bytesRead } = await handle.read(part, 0, part.length, regular ? total : null)
    if (bytesRead === 0) return Buffer.concat(parts)
    total += bytesRead
    if (total > MAX_BYTES) return undefined
    parts.push(part.subarray(0, bytesRead))
  }
}

async function readStandardInput(): Promise<ReadText> {
  const parts: Buffer[] = []
  let total = 0
  for await (const part of process.stdin) {
    parts.push(part as Buffer)
    total += (part as Buffer).length
    if (total > MAX_BYTES) return { problem: tooLarge('standard input', total) }
  }
  return { text: Buffer.concat(parts).toString('utf8') }
}

function unreadable(file: string, why: string): Problem {
  const reasons: Readonly<Record<string, string>> = {
    ENOENT: 'there is no such file',
    EACCES: 'permission denied',
    EISDIR: 'it is a directory',
    ENOTDIR: 'a part of its path is a file, not a folder',
  }
  return { code: 'UnreadableFile', path: file, message: `cannot read it: ${reasons[why] ?? why}` }
}

function tooLarge(file: string, bytes: number): Problem {
  return {
    code: 'FileTooLarge',
    path: file,
    message: `larger than 16 MiB (${Math.ceil(bytes / 1024 / 1024)} MiB)`,
    hint: 'Split it over several files, or check that it is the file you meant.',
  }
}
