/**
 * Giving up every privilege for good (capabilities(7), prctl(2)): no_new_privs, the ambient and bounding sets, then
 * the thread's own sets. Capabilities belong to threads, and Node has several before the first line of ours runs; so
 * a program that wants a whole process without them calls this and then replaces itself (execve leaves one thread,
 * and without a bounding set not even root regains anything).
 */
import { check } from './kernel-error.ts'
import type { Syscalls } from './syscalls.ts'

const PR_CAPBSET_DROP = 24
const PR_SET_NO_NEW_PRIVS = 38
const PR_CAP_AMBIENT = 47
const PR_CAP_AMBIENT_CLEAR_ALL = 4
/** _LINUX_CAPABILITY_VERSION_3 (<linux/capability.h>): 64 capabilities in two words each. */
const CAPABILITY_VERSION = 0x20080522
const EINVAL = 22
const EPERM = 1

export function dropAllCapabilities(sys: Syscalls): void {
  check(sys.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), 'forbid new privileges')
  sys.prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0)
  for (let capability = 0; capability < 64; capability++) {
    const result = sys.prctl(PR_CAPBSET_DROP, capability, 0, 0, 0)
    // EINVAL: beyond the kernel's last. EPERM: without CAP_SETPCAP, where no_new_privs keeps the rest out of reach.
    if (result === -EINVAL || result === -EPERM) break
    check(result, `drop capability ${capability}`)
  }
  const header = new Uint8Array(8)
  new DataView(header.buffer).setUint32(0, CAPABILITY_VERSION, true)
  check(sys.capset(header, new Uint8Array(24)), 'drop all capabilities')
}
