/**
 * The kernels that a machine can boot: the cloud kernels of two releases of Debian. The older is the oldest that
 * Debian supports and the one that most hosts run; the newer has what came since (addresses that carry their
 * maker's number from 5.18 on are in both, other netlink families and defaults differ).
 */
export const KERNELS = [
  { name: '6.1', release: 'bookworm' },
  { name: '6.12', release: 'trixie' },
] as const

export type KernelName = (typeof KERNELS)[number]['name']

export const KERNEL_NAMES: readonly KernelName[] = KERNELS.map(({ name }) => name)

export function isKernelName(text: string): text is KernelName {
  return KERNEL_NAMES.some((name) => name === text)
}
