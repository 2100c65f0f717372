/**
 * The kernel said no. One class for all of `linux`: `code` is the errno's name and is permanent; the message
 * says what was tried, on what, and why it was refused, with the kernel's own words (netlink's extended
 * acknowledgement) where it gave some.
 */
import { ERRNO } from './uapi/errno.ts'

export interface KernelErrorDetail {
  /** The kernel's own text: NLMSGERR_ATTR_MSG. */
  readonly text?: string | undefined
  /** The attribute it objects to, as a path of names or numbers: NLMSGERR_ATTR_OFFS. */
  readonly attribute?: string | undefined
}

const describe = (errno: number): readonly [string, string] => ERRNO[errno] ?? [`E${errno}`, `error ${errno}`]

export class KernelError extends Error {
  override readonly name = 'KernelError'
  /** `EEXIST`, `EPERM`, … */
  readonly code: string
  /** Positive. */
  readonly errno: number
  readonly kernelText: string | undefined
  readonly attribute: string | undefined

  /** `what`: what could not be done, beginning lower-case: `add route 10.8.2.0/24 via wg0`. */
  constructor(what: string, errno: number, detail: KernelErrorDetail = {}) {
    const [code, meaning] = describe(Math.abs(errno))
    const words = detail.text === undefined ? meaning : `${meaning}: ${detail.text}`
    const where = detail.attribute === undefined ? '' : ` (at ${detail.attribute})`
    super(`cannot ${what}: the kernel returned ${code} (${words})${where}`)
    this.code = code
    this.errno = Math.abs(errno)
    this.kernelText = detail.text
    this.attribute = detail.attribute
  }
}

/** Passes a result through, or throws what the negative errno means. */
export const check = (result: number, what: string): number => {
  if (result < 0) throw new KernelError(what, result)
  return result
}

export const isKernelError = (error: unknown, ...codes: readonly string[]): error is KernelError =>
  error instanceof KernelError && (codes.length === 0 || codes.includes(error.code))
