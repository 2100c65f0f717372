/**
 * Landlock (landlock(7), <linux/landlock.h>): a process without capabilities is still the user it runs as, and root
 * owns most files. This confines the calling thread, and what it turns into by execve, to writing below given folders;
 * newer kernels also take away TCP and signals to strangers. Reading stays as it is.
 *
 * Needs no privilege, only no_new_privs. What the kernel does not know is left out: it is a second line, not the first.
 */
import { check } from './kernel-error.ts'
import { processSymbols } from './koffi-library.ts'
import { NativeBlock } from './native-memory.ts'
import type { Syscalls } from './syscalls.ts'
import { O_CLOEXEC } from './uapi/index.ts'

/** The same on x86-64 and arm64. */
const SYS_landlock_create_ruleset = 444
const SYS_landlock_add_rule = 445
const SYS_landlock_restrict_self = 446
const LANDLOCK_CREATE_RULESET_VERSION = 1
const LANDLOCK_RULE_PATH_BENEATH = 1
const O_PATH = 0o10000000
const PR_SET_NO_NEW_PRIVS = 38

/** LANDLOCK_ACCESS_FS_WRITE_FILE, REMOVE_DIR … MAKE_SYM; since version 2 REFER, 3 TRUNCATE, 5 IOCTL_DEV. */
const WRITE_ACCESS = 0b1_1111_1111_0010
const ACCESS_SINCE: readonly (readonly [version: number, bit: number])[] = [
  [2, 1 << 13],
  [3, 1 << 14],
  [5, 1 << 15],
]
/** Since version 4: LANDLOCK_ACCESS_NET_BIND_TCP and CONNECT_TCP. */
const TCP_ACCESS = 3
/** Since version 6: LANDLOCK_SCOPE_ABSTRACT_UNIX_SOCKET and SIGNAL. */
const SCOPES = 3

/** False where the kernel has no Landlock. `writable`: folders that exist. */
export function confineWrites(sys: Syscalls, writable: readonly string[]): boolean {
  const call = processSymbols().func(
    'long syscall(long number, intptr_t a, intptr_t b, intptr_t c, intptr_t d)',
  )
  const version = Number(call(SYS_landlock_create_ruleset, 0, 0, LANDLOCK_CREATE_RULESET_VERSION, 0))
  if (version < 1) return false
  check(sys.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), 'forbid new privileges')
  const known = ACCESS_SINCE.filter(([since]) => version >= since)
  const access = known.reduce((bits, [, bit]) => bits | bit, WRITE_ACCESS)
  const block = new NativeBlock(24)
  block.view.setUint32(0, access, true)
  if (version >= 4) block.view.setUint32(8, TCP_ACCESS, true)
  if (version >= 6) block.view.setUint32(16, SCOPES, true)
  const size = version >= 6 ? 24 : version >= 4 ? 16 : 8
  const ruleset = Number(call(SYS_landlock_create_ruleset, block.address, size, 0, 0))
  if (ruleset < 0) return false
  for (const path of writable) {
    const folder = check(sys.open(path, O_PATH | O_CLOEXEC), `open ${path}`)
    block.wipe()
    block.view.setUint32(0, access, true)
    block.view.setInt32(8, folder, true)
    const added = Number(call(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, block.address, 0))
    sys.close(folder)
    if (added < 0) throw new Error(`Cannot confine this process to ${path}: the kernel refused the rule`)
  }
  const confined = Number(call(SYS_landlock_restrict_self, ruleset, 0, 0, 0)) >= 0
  sys.close(ruleset)
  return confined
}
