/**
 * Everything a machine boots from, in .cache/vm/: Debian's cloud kernel (downloaded and unpacked, never installed),
 * its modules indexed, and an initial ramdisk of our own. About 130 MB and a few seconds, once.
 *
 * Which kernel that is says Debian: the package that linux-image-cloud-amd64 depends on today.
 */
import { execFileSync, spawnSync } from 'node:child_process'
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { basename, join, resolve } from 'node:path'
import { findTool } from '../../test/harness/tools.ts'
import { DIRECTORY, encodeRamdisk, EXECUTABLE, PLAIN_FILE, type RamdiskEntry } from './initial-ramdisk.ts'

export interface MachineImage {
  readonly release: string
  readonly kernel: string
  readonly ramdisk: string
  /** …/lib/modules/RELEASE, with its index. */
  readonly modules: string
}

const FOLDER = resolve('.cache/vm')
const META_PACKAGE = 'linux-image-cloud-amd64'
/** In the ramdisk: what it takes to reach the host's root. Everything else is loaded from there. */
const EARLY_MODULES = ['virtio_pci', 'virtio_console', 'virtiofs', 'overlay']
const TOOLS: Readonly<Record<string, string>> = {
  'qemu-system-x86_64': 'qemu-system-x86',
  virtiofsd: 'qemu-system-common',
  busybox: 'busybox-static',
  depmod: 'kmod',
  'apt-get': 'apt',
  dpkg: 'dpkg',
  setpriv: 'util-linux',
}

/** Why this host cannot run a machine, or undefined. */
export function whyNoMachine(): string | undefined {
  if (process.arch !== 'x64') return `needs an x86-64 host (this is ${process.arch})`
  if (process.getuid?.() !== 0) return 'needs root (virtiofsd serves the host to the machine)'
  const missing = Object.keys(TOOLS).filter((tool) => findTool(tool) === undefined)
  const packages = missing.map((tool) => TOOLS[tool]).join(' ')
  return missing.length === 0 ? undefined : `needs: apt-get install --no-install-recommends ${packages}`
}

export function prepareMachine(): MachineImage {
  const found = unpackedKernel() ?? downloadKernel()
  const modules = join(FOLDER, 'kernel/lib/modules', found)
  if (!existsSync(join(modules, 'modules.dep'))) run('depmod', ['-b', join(FOLDER, 'kernel'), found])
  const ramdisk = join(FOLDER, 'ramdisk')
  writeFileSync(ramdisk, encodeRamdisk(ramdiskEntries(modules)))
  return { release: found, kernel: join(FOLDER, 'kernel/boot', `vmlinuz-${found}`), ramdisk, modules }
}

function unpackedKernel(): string | undefined {
  const modules = join(FOLDER, 'kernel/lib/modules')
  return existsSync(modules) ? readdirSync(modules)[0] : undefined
}

function downloadKernel(): string {
  const name = kernelPackage() ?? (run('apt-get', ['--quiet', 'update']), kernelPackage())
  if (name === undefined) throw new Error(`apt knows no ${META_PACKAGE}`)
  const fresh = join(FOLDER, 'kernel.new')
  rmSync(fresh, { recursive: true, force: true })
  mkdirSync(fresh, { recursive: true })
  run('apt-get', ['--quiet', 'download', name], fresh)
  const archive = readdirSync(fresh).find((file) => file.endsWith('.deb'))
  if (archive === undefined) throw new Error(`apt-get download ${name} left no package`)
  run('dpkg', ['-x', archive, '.'], fresh)
  rmSync(join(fresh, archive))
  renameSync(fresh, join(FOLDER, 'kernel'))
  return name.replace('linux-image-', '')
}

/** A fresh installation may have no package lists yet; then apt-cache fails or finds nothing. */
function kernelPackage(): string | undefined {
  const { stdout } = spawnSync('apt-cache', ['depends', META_PACKAGE], { encoding: 'utf8' })
  return /Depends: (linux-image-\S+)/.exec(stdout)?.[1]
}

function ramdiskEntries(modules: string): RamdiskEntry[] {
  const busybox = findTool('busybox') ?? '/bin/busybox'
  const init = new URL('guest/init', import.meta.url)
  const folders = ['bin', 'modules'].map((path) => ({ path, mode: DIRECTORY, data: new Uint8Array() }))
  const early = loadOrder(modules).map((file, index) => ({
    // The init script loads them in the order of their names.
    path: `modules/${String(index).padStart(2, '0')}-${basename(file)}`,
    mode: PLAIN_FILE,
    data: readFileSync(join(modules, file)),
  }))
  return [
    ...folders,
    { path: 'init', mode: EXECUTABLE, data: readFileSync(init) },
    { path: 'bin/busybox', mode: EXECUTABLE, data: readFileSync(busybox) },
    ...early,
  ]
}

/** The early modules after everything they depend on. modules.dep lists dependencies in reverse order of loading. */
function loadOrder(modules: string): readonly string[] {
  const lines = readFileSync(join(modules, 'modules.dep'), 'utf8').split('\n')
  const byName = new Map(
    lines.filter(Boolean).map((line) => {
      const [file = '', dependencies = ''] = line.split(':')
      const name = basename(file)
        .replace(/\.ko.*/, '')
        .replaceAll('-', '_')
      return [name, [...dependencies.trim().split(' ').filter(Boolean).toReversed(), file]]
    }),
  )
  return [...new Set(EARLY_MODULES.flatMap((name) => byName.get(name) ?? []))]
}

function run(program: string, args: readonly string[], cwd?: string): string {
  try {
    const path = findTool(program) ?? program
    return execFileSync(path, args, {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe'],
      ...(cwd ? { cwd } : {}),
    })
  } catch (cause) {
    throw new Error(`cannot prepare the machine: ${program} ${args.join(' ')} failed`, { cause })
  }
}

/** The scripts that the machine's first process needs, put where it finds them. */
export function writeGuestFiles(job: string, image: MachineImage): void {
  copyFileSync(new URL('guest/first-process.sh', import.meta.url), join(job, 'first-process.sh'))
  writeFileSync(join(job, 'modules-folder'), `${image.modules}\n`)
}
