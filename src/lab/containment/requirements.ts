/**
 * What a lab needs from this machine: programs of util-linux, a TUN device that this user may open, and namespaces,
 * which without root means user namespaces. Each thing that is missing comes with the command that allows it.
 */
import { spawnSync } from 'node:child_process'
import { accessSync, constants, readFileSync } from 'node:fs'
import { delimiter, join } from 'node:path'

export interface Missing {
  readonly what: string
  /** What the user may type, when there is such a thing. */
  readonly remedy?: string
}

const TUN = '/dev/net/tun'
const PROGRAMS = { unshare: 'util-linux', nsenter: 'util-linux', mount: 'mount', sh: 'dash', ln: 'coreutils' }

/** Sysctls that forbid user namespaces, the value that does, and the one that does not. */
const FORBIDDING = [
  { name: 'user.max_user_namespaces', forbids: '0', allows: '15000' },
  { name: 'kernel.unprivileged_userns_clone', forbids: '0', allows: '1' },
  { name: 'kernel.apparmor_restrict_unprivileged_userns', forbids: '1', allows: '0' },
]

export const isRoot = (): boolean => process.getuid?.() === 0

/** Arguments of unshare(1) for the namespaces that hold a whole lab. */
export function containingNamespaces(): string[] {
  const user = isRoot() ? [] : ['--user', '--map-root-user']
  return [...user, '--mount', '--net', '--pid', '--fork', '--kill-child', '--mount-proc']
}

export function missingRequirements(): Missing[] {
  const named = [...missingPrograms(), ...missingTun(), ...(isRoot() ? [] : forbiddenNamespaces())]
  // Sysctls are one of several ways to forbid namespaces; trying is the only test that knows them all.
  return named.length > 0 ? named : failingNamespaces()
}

function missingPrograms(): Missing[] {
  const folders = (process.env['PATH'] ?? '').split(delimiter)
  return Object.entries(PROGRAMS)
    .filter(([program]) => !folders.some((folder) => may(join(folder, program), constants.X_OK)))
    .map(([program, debianPackage]) => ({
      what: `the program ${program} is not in PATH`,
      remedy: `sudo apt-get install ${debianPackage}`,
    }))
}

function missingTun(): Missing[] {
  if (!may(TUN, constants.F_OK)) {
    const remedy = 'sudo modprobe tun && sudo mkdir -p /dev/net && sudo mknod -m 0666 /dev/net/tun c 10 200'
    return [{ what: `${TUN} is not there, and userspace interfaces are made with it`, remedy }]
  }
  if (may(TUN, constants.R_OK | constants.W_OK)) return []
  return [{ what: `${TUN} is not open to this user`, remedy: `sudo chmod 0666 ${TUN}` }]
}

function forbiddenNamespaces(): Missing[] {
  return FORBIDDING.filter(({ name, forbids }) => readSysctl(name) === forbids).map(
    ({ name, forbids, allows }) => ({
      what: `user namespaces are off: ${name} is ${forbids}`,
      remedy: `sudo sysctl -w ${name}=${allows}`,
    }),
  )
}

function failingNamespaces(): Missing[] {
  const tried = spawnSync('unshare', [...containingNamespaces(), 'true'], { encoding: 'utf8' })
  if (tried.status === 0) return []
  const why = (tried.stderr ?? '').trim() || String(tried.error ?? `exit ${tried.status}`)
  const whom = isRoot() ? 'this root (in a container without CAP_SYS_ADMIN?)' : 'this user'
  return [
    {
      what: `the system refuses namespaces to ${whom}: ${why}`,
      ...(isRoot() ? {} : { remedy: 'sudo npm start' }),
    },
  ]
}

function readSysctl(name: string): string | undefined {
  try {
    return readFileSync(`/proc/sys/${name.replaceAll('.', '/')}`, 'utf8').trim()
  } catch {
    // Not every kernel has every one of them; absent forbids nothing.
    return undefined
  }
}

function may(path: string, mode: number): boolean {
  try {
    accessSync(path, mode)
    return true
  } catch {
    return false // that is the answer
  }
}
