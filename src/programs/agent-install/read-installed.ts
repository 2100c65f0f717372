/** What a machine has of an installation. */
import { lstatSync, readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { basename } from 'node:path'
import type { InstallLayout } from './install-layout.ts'
import type { Installed } from './plan-install.ts'

export const readInstalled = (layout: InstallLayout): Installed => {
  const current = ifThere(() => readlinkSync(layout.current))
  return {
    current: current === undefined ? undefined : basename(current),
    // A name with a dot first is the half of a copy that broke off.
    versions: (ifThere(() => readdirSync(layout.versions)) ?? [])
      .filter((name) => !name.startsWith('.'))
      .sort(),
    unit: ifThere(() => readFileSync(layout.unit, 'utf8')),
    launcher: ifThere(() =>
      lstatSync(layout.launcher).isSymbolicLink() ? readlinkSync(layout.launcher) : '',
    ),
  }
}

/** Flags of the agent in a unit that we wrote, or none. */
export const flagsOfUnit = (unit: string | undefined): string[] => {
  const line = /^ExecStart=\S+ agent ?(.*)$/m.exec(unit ?? '')?.[1] ?? ''
  const words = line.match(/"(?:[^"\\]|\\.)*"|\S+/g) ?? []
  return words.map((word) =>
    (word.startsWith('"') ? word.slice(1, -1).replaceAll(/\\(.)/g, '$1') : word)
      .replaceAll('%%', '%')
      .replaceAll('$$', '$'),
  )
}

const ifThere = <T>(read: () => T): T | undefined => {
  try {
    return read()
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}
