/**
 * The kernels that a machine can boot: the cloud kernels of two releases of Debian. The older is the oldest that
 * Debian supports and the one that most hosts run; the newer has what came since (addresses that carry their
 * maker's number from 5.18 on are in both, other netlink families and defaults differ).
 */
export const KERNELS = [
  { name: '6.1', release: 'bookworm', everyday: /./ },
  // The files whose subject is what the kernel does; what agents make of it is the same on both, and sessions are
  // renewed by a clock that no kernel changes. `--all` runs all.
  { name: '6.12', release: 'trixie', everyday: /^test\/(contracts\/|vm\/(?!interop-rekey))/ },
] as const

export type KernelName = (typeof KERNELS)[number]['name']

export const KERNEL_NAMES: readonly KernelName[] = KERNELS.map(({ name }) => name)

export function isKernelName(text: string): text is KernelName {
  return KERNEL_NAMES.some((name) => name === text)
}

/** Does `npm test` run that file on that kernel, where this host cannot run it? */
export function isEveryday(kernel: KernelName, file: string): boolean {
  return KERNELS.find(({ name }) => name === kernel)?.everyday.test(file) ?? false
}
