/**
 * Writes a file so that nobody ever sees half of it: a new file beside it, flushed, then renamed over it. The
 * mode is there from the first byte, so a key is never readable by others even for a moment.
 */
import { randomBytes } from 'node:crypto'
import * as fs from 'node:fs'
import { basename, dirname, join } from 'node:path'

import { unwritable } from './unwritable.ts'

export interface WriteOptions {
  /** 0o600 for anything with a key in it. An existing file keeps its own mode unless this is given. */
  readonly mode?: number
  /** False: survive a crash of this program, but not of the machine. For files that can be made again. */
  readonly flush?: boolean
}

export function writeTextAtomically(
  file: string,
  text: string,
  { mode, flush = true }: WriteOptions = {},
): void {
  const draft = join(dirname(file), `.${basename(file)}.${randomBytes(6).toString('hex')}`)
  try {
    fill(draft, text, { mode: mode ?? modeOf(file) ?? 0o644, flush })
    fs.renameSync(draft, file)
  } catch (error) {
    discard(draft)
    throw unwritable(file, error)
  }
  if (flush) flushDirectory(dirname(file))
}

/** What went wrong first is what is told. */
function discard(draft: string): void {
  try {
    fs.rmSync(draft, { force: true })
  } catch {}
}

function fill(draft: string, text: string, { mode, flush }: Required<WriteOptions>): void {
  const descriptor = fs.openSync(draft, 'wx', mode)
  try {
    fs.writeFileSync(descriptor, text)
    // The mode of open(2) is cut by the umask.
    fs.fchmodSync(descriptor, mode)
    if (flush) fs.fsyncSync(descriptor)
  } finally {
    fs.closeSync(descriptor)
  }
}

function modeOf(file: string): number | undefined {
  return fs.statSync(file, { throwIfNoEntry: false })?.mode
}

function flushDirectory(directory: string): void {
  const descriptor = fs.openSync(directory, 'r')
  try {
    fs.fsyncSync(descriptor)
  } finally {
    fs.closeSync(descriptor)
  }
}
