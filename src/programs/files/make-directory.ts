/**
 * Makes a folder with those above it, one by one: Node's own recursive mkdir tries for ever where the kernel
 * answers ENOENT to a folder whose parent is there, as /proc does.
 */
import { mkdirSync, statSync } from 'node:fs'
import { dirname, resolve } from 'node:path'

import { unwritable } from './unwritable.ts'

/** For files with keys: nobody else may look in. */
export function makePrivateDirectory(directory: string): void {
  for (const missing of missingDirectories(directory)) {
    try {
      mkdirSync(missing, { mode: 0o700 })
    } catch (error) {
      // Somebody else made it in between.
      if ((error as NodeJS.ErrnoException).code === 'EEXIST' && isDirectory(missing)) continue
      throw unwritable(directory, error)
    }
  }
}

/** Throws when a file is where a folder is to be, before anything else is done for what would go there. */
export function checkDirectory(directory: string): void {
  missingDirectories(directory)
}

/** Outermost first. It ends: the root is a directory. */
function missingDirectories(directory: string): string[] {
  const missing: string[] = []
  for (let path = resolve(directory); !isDirectory(path); path = dirname(path)) missing.unshift(path)
  return missing
}

function isDirectory(path: string): boolean {
  let found: ReturnType<typeof statSync>
  try {
    found = statSync(path, { throwIfNoEntry: false })
  } catch (error) {
    throw unwritable(path, error)
  }
  if (found && !found.isDirectory()) throw unwritable(path, { code: 'ENOTDIR' })
  return found !== undefined
}
