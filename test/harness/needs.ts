/**
 * What a test needs from the machine, said where the test is declared:
 *
 *   test('claim', needs({ root: true, kernel: ['wireguard'], tools: ['wg'] }), async (t) => { … })
 *
 * Met: `{}`. Not met: `{ skip: 'needs kernel wireguard' }`, and scripts/test.ts then runs the file in the VM if what
 * lacks is a kernel feature. With WARREN_NEEDS_STRICT=1 (inside the VM's lane, or to find out why nothing runs) an
 * unmet need is an error: a skip must be earned.
 */
import { hasKernelFeature, type KernelFeature } from './kernel-features.ts'
import { LEFT_TO_ALL } from '../../scripts/vm/kernels.ts'
import { findTool } from './tools.ts'

export type { KernelFeature } from './kernel-features.ts'

export interface Needs {
  readonly root?: boolean
  readonly kernel?: readonly KernelFeature[]
  readonly tools?: readonly string[]
  /** Takes minutes: run only when asked for (`--all`, `--only`). */
  readonly rare?: boolean
}

/** Options for node:test; spread them to add your own: `{ ...needs({ root: true }), timeout: 30_000 }`. */
export function needs(wanted: Needs): { skip?: string } {
  const missing = whatIsMissing(wanted)
  if (missing === undefined) {
    return wanted.rare && process.env['WARREN_ALL_TESTS'] !== '1' ? { skip: LEFT_TO_ALL } : {}
  }
  if (process.env['WARREN_NEEDS_STRICT'] === '1')
    throw new Error(`${missing}, and WARREN_NEEDS_STRICT is set`)
  return { skip: missing }
}

/** `needs kernel wireguard, tool wg`, or undefined when nothing is missing. */
export function whatIsMissing({ root = false, kernel = [], tools = [] }: Needs): string | undefined {
  const missing = [
    ...kernel.filter((feature) => !hasKernelFeature(feature)).map((feature) => `kernel ${feature}`),
    ...(root && process.getuid?.() !== 0 ? ['root'] : []),
    ...tools.filter((tool) => findTool(tool) === undefined).map((tool) => `tool ${tool}`),
  ]
  return missing.length === 0 ? undefined : `needs ${missing.join(', ')}`
}
