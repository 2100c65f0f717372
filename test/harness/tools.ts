/**
 * Finding programs the way a shell would, but also in the sbin folders that a plain user's PATH leaves out.
 */
import { accessSync, constants, statSync } from 'node:fs'
import { join } from 'node:path'

const SYSTEM_FOLDERS = ['/usr/local/sbin', '/usr/sbin', '/sbin', '/usr/lib/qemu']

/** Absolute path of an executable, or undefined. */
export function findTool(name: string): string | undefined {
  const folders = [...(process.env['PATH'] ?? '').split(':').filter(Boolean), ...SYSTEM_FOLDERS]
  return folders.map((folder) => join(folder, name)).find(isExecutable)
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return statSync(path).isFile()
  } catch {
    return false // absent or not ours to run: to the caller these are the same
  }
}
