/** What the kernel said to a write, as a problem of the file that the user named. */
import { BadInput } from '../exit.ts'

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'nothing can be made there',
  ENOTDIR: 'it is a file, not a folder',
  EISDIR: 'it is a folder, not a file',
  EACCES: 'permission denied',
  EPERM: 'permission denied',
  EROFS: 'its file system is read-only',
  ENOSPC: 'no space is left',
  EDQUOT: 'no space is left',
  ENAMETOOLONG: 'its name is too long',
  ELOOP: 'its symbolic links go round in a circle',
}

/** An error that is no answer of the kernel is a bug, and stays what it is. */
export function unwritable(path: string, error: unknown): unknown {
  const { code } = error as { readonly code?: unknown }
  if (typeof code !== 'string' || !/^E[A-Z0-9]+$/.test(code)) return error
  return new BadInput([
    { code: 'UnwritableFile', path, message: `cannot write it: ${REASONS[code] ?? code}` },
  ])
}
