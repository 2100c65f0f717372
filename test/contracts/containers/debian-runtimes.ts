/**
 * Debian's docker, podman, containerd, runc and crun, downloaded and unpacked into .cache/containers, never installed:
 * about 80 MB and some seconds, once. Programs that their parents start without our LD_LIBRARY_PATH get it from a
 * wrapper.
 */
import { chmodSync, existsSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { HOST_LISTS, unpackPackages } from '../../../scripts/vm/debian-packages.ts'
import { findTool } from '../../harness/tools.ts'

const PACKAGES = {
  runtimes: ['docker.io', 'containerd', 'runc', 'crun', 'podman', 'conmon'],
  libraries: ['libyajl2', 'libsubid4', 'libgpgme11', 'libassuan0'],
}
const FOLDER = resolve('.cache/containers')

/** `PATH` and `LD_LIBRARY_PATH` under which the runtimes run, or why they cannot be had. */
export type Runtimes = { readonly env: Readonly<Record<string, string>> } | { readonly missing: string }

let known: Runtimes | undefined

export const debianRuntimes = (): Runtimes => (known ??= prepare())

/** Where one of them was unpacked. */
export const runtimePath = (program: string): string => join(FOLDER, 'usr/bin', program)

const prepare = (): Runtimes => {
  const missing = ['apt-get', 'dpkg', 'busybox', 'unshare', 'nsenter', 'tar'].filter(
    (tool) => findTool(tool) === undefined,
  )
  if (process.getuid?.() !== 0) missing.push('root')
  if (process.arch !== 'x64') missing.push('x86-64')
  if (missing.length > 0) return { missing: `needs ${missing.join(', ')}` }
  try {
    if (!existsSync(FOLDER)) download()
  } catch (error) {
    return { missing: `needs Debian's container runtimes, which cannot be downloaded: ${String(error)}` }
  }
  const libraries = ['usr/lib/x86_64-linux-gnu', 'lib/x86_64-linux-gnu'].map((path) => join(FOLDER, path))
  const programs = ['wrapped', 'usr/bin', 'usr/sbin'].map((path) => join(FOLDER, path))
  return {
    env: {
      PATH: [...programs, '/usr/local/sbin', '/usr/sbin', '/sbin', '/usr/bin', '/bin'].join(':'),
      LD_LIBRARY_PATH: libraries.join(':'),
    },
  }
}

/** Under another name until it is whole; two tests may do this at the same time. */
const download = (): void => {
  const fresh = `${FOLDER}.${process.pid}`
  mkdirSync(fresh, { recursive: true })
  unpackPackages([...PACKAGES.runtimes, ...PACKAGES.libraries], fresh, HOST_LISTS)
  mkdirSync(join(fresh, 'wrapped'))
  for (const program of ['crun']) {
    const wrapper = join(fresh, 'wrapped', program)
    const libraries = join(FOLDER, 'usr/lib/x86_64-linux-gnu')
    writeFileSync(wrapper, `#!/bin/sh\nLD_LIBRARY_PATH=${libraries} exec ${runtimePath(program)} "$@"\n`)
    chmodSync(wrapper, 0o755)
  }
  try {
    renameSync(fresh, FOLDER)
  } catch (error) {
    rmSync(fresh, { recursive: true, force: true })
    if (!existsSync(FOLDER)) throw error
  }
}
