/**
 * Everything a machine boots from, in .cache/vm/KERNEL/: one of Debian's cloud kernels (downloaded and unpacked, never
 * installed), its modules indexed, and an initial ramdisk of our own. About 130 MB and a few seconds each, once.
 *
 * Which package that is says Debian: the one that linux-image-cloud-amd64 depends on today.
 */
import {
  copyFileSync,
  existsSync,
  globSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  writeFileSync,
} from 'node:fs'
import { basename, join, resolve } from 'node:path'
import { findTool } from '../../test/harness/tools.ts'
import { dependencyOf, HOST_LISTS, listsOf, unpackPackages, type AptLists } from './debian-packages.ts'
import { DIRECTORY, encodeRamdisk, EXECUTABLE, PLAIN_FILE, type RamdiskEntry } from './initial-ramdisk.ts'
import { KERNELS, type KernelName } from './kernels.ts'
import { oneAtATime } from './one-at-a-time.ts'
import { runTool } from './run-tool.ts'

export interface MachineImage {
  readonly name: KernelName
  readonly release: string
  readonly kernel: string
  readonly ramdisk: string
  /** …/lib/modules/RELEASE, with its index. */
  readonly modules: string
}

const FOLDER = resolve('.cache/vm')
const META_PACKAGE = 'linux-image-cloud-amd64'
/** In the ramdisk, unless the kernel has them built in: what it takes to reach the host's root. */
const EARLY_MODULES = ['virtio_pci', 'virtio_console', 'virtiofs', 'overlay']
const TOOLS: Readonly<Record<string, string>> = {
  'qemu-system-x86_64': 'qemu-system-x86',
  virtiofsd: 'qemu-system-common',
  busybox: 'busybox-static',
  depmod: 'kmod',
  'apt-get': 'apt',
  dpkg: 'dpkg',
  setpriv: 'util-linux',
  xz: 'xz-utils',
}

/** Why this host cannot run a machine, or undefined. */
export function whyNoMachine(): string | undefined {
  if (process.arch !== 'x64') return `needs an x86-64 host (this is ${process.arch})`
  if (process.getuid?.() !== 0) return 'needs root (virtiofsd serves the host to the machine)'
  const missing = Object.keys(TOOLS).filter((tool) => findTool(tool) === undefined)
  const packages = missing.map((tool) => TOOLS[tool]).join(' ')
  return missing.length === 0 ? undefined : `needs: apt-get install --no-install-recommends ${packages}`
}

export function prepareMachine(name: KernelName = '6.1'): MachineImage {
  const folder = join(FOLDER, name)
  const release =
    unpackedKernel(folder) ?? oneAtATime(FOLDER, () => unpackedKernel(folder) ?? downloadKernel(name, folder))
  const modules = join(folder, 'lib/modules', release)
  const ramdisk = join(folder, 'ramdisk')
  // Replaced in one step: another machine may be reading it.
  writeFileSync(`${ramdisk}.${process.pid}`, encodeRamdisk(ramdiskEntries(modules)))
  renameSync(`${ramdisk}.${process.pid}`, ramdisk)
  return { name, release, kernel: join(folder, 'boot', `vmlinuz-${release}`), ramdisk, modules }
}

function unpackedKernel(folder: string): string | undefined {
  const modules = join(folder, 'lib/modules')
  return existsSync(modules) ? readdirSync(modules)[0] : undefined
}

function downloadKernel(name: KernelName, folder: string): string {
  const fresh = `${folder}.new`
  const { archive, lists } = kernelPackage(name)
  unpackPackages([archive], fresh, lists)
  const release = archive.replace('linux-image-', '')
  // Since Debian 13 the modules lie below /usr, and compressed, which an emulated machine would pay for at each load.
  if (!existsSync(join(fresh, 'lib'))) renameSync(join(fresh, 'usr/lib'), join(fresh, 'lib'))
  const compressed = globSync(join(fresh, 'lib/modules/**/*.ko.xz'))
  while (compressed.length > 0) runTool('xz', ['--decompress', ...compressed.splice(0, 500)])
  runTool('depmod', ['-b', fresh, release])
  renameSync(fresh, folder)
  return release
}

function kernelPackage(name: KernelName): { archive: string; lists: AptLists } {
  const own = dependencyOf(META_PACKAGE, HOST_LISTS)
  if (own?.startsWith(`linux-image-${name}.`)) return { archive: own, lists: HOST_LISTS }
  const release = KERNELS.find((kernel) => kernel.name === name)?.release ?? ''
  mkdirSync(FOLDER, { recursive: true })
  const lists = listsOf(release, FOLDER)
  const archive = dependencyOf(META_PACKAGE, lists)
  if (archive === undefined) throw new Error(`Debian's ${release} has no ${META_PACKAGE}`)
  return { archive, lists }
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

const GUEST_FILES = ['first-process.sh', 'run-command.sh', 'start-systemd.sh']

/** The scripts that the machine's first process needs, put where it finds them. */
export function writeGuestFiles(job: string, image: MachineImage): void {
  for (const name of GUEST_FILES) copyFileSync(new URL(`guest/${name}`, import.meta.url), join(job, name))
  writeFileSync(join(job, 'modules-folder'), `${image.modules}\n`)
}
