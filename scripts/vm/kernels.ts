/**
 * The kernels that a machine can boot: the cloud kernels of two releases of Debian. The older is the oldest that
 * Debian supports and the one that most hosts run; the newer has what came since (addresses that carry their
 * maker's number from 5.18 on are in both, other netlink families and defaults differ).
 */
export const KERNELS = [
  // What we say to the kernel on both. What agents make of it on the older, foreign WireGuard on the newer: together
  // they must fit eight minutes of two processors, emulated ones being ten times slower. `--all` runs all on both.
  {
    name: '6.1',
    release: 'bookworm',
    everyday:
      /^test\/(contracts\/|netns\/(agent-kernel|examples-vrf|import-kinds|path-mtu|rendered-commands))/,
  },
  {
    name: '6.12',
    release: 'trixie',
    everyday: /^test\/(contracts\/|netns\/tcpip|vm\/(?!\w+-rekey|interop-cookie))/,
  },
] as const

/** Why a test of a machine is skipped by `npm test`; nothing is missing, so it is no failure where CI=true. */
export const LEFT_TO_ALL = 'left to `npm run test:vm -- --all`'

export type KernelName = (typeof KERNELS)[number]['name']

export const KERNEL_NAMES: readonly KernelName[] = KERNELS.map(({ name }) => name)

export function isKernelName(text: string): text is KernelName {
  return KERNEL_NAMES.some((name) => name === text)
}

/** Does `npm test` run that file on that kernel, where this host cannot run it? */
export function isEveryday(kernel: KernelName, file: string): boolean {
  return KERNELS.find(({ name }) => name === kernel)?.everyday.test(file) ?? false
}
