/** Sysctls as files under /proc/sys, of the network namespace that this process is in. */
import { readFileSync, writeFileSync } from 'node:fs'

const ROOT = '/proc/sys'

/** Those that this kernel has. */
export const readSysctls = (paths: readonly string[]): Record<string, string> => {
  const values: Record<string, string> = {}
  for (const path of paths) {
    try {
      values[path] = readFileSync(`${ROOT}/${path}`, 'utf8').trim()
    } catch {
      continue // this kernel does not have it, or its link is gone
    }
  }
  return values
}

export const writeSysctl = (path: string, value: string): void => {
  writeFileSync(`${ROOT}/${path}`, value)
}
