/**
 * What a run found out about each test, and how several places (this host, a virtual machine for each other kernel)
 * make one answer.
 *
 * A test that the host skips and a machine passes has passed, once. A failure anywhere is a failure. What was
 * skipped everywhere keeps every reason.
 */
import type { KernelName } from '../vm/kernels.ts'

/** This host, or the machine with that kernel. */
export type Where = 'host' | KernelName
export type Status = 'passed' | 'failed' | 'skipped'

export interface TestResult {
  /** The names of the enclosing suites and of the test, joined by ` > `. */
  readonly name: string
  readonly file: string
  readonly status: Status
  readonly where: Where
  readonly durationMs: number
  /** Why it was skipped, or the failure in full. */
  readonly reason?: string
  /** What became of it on each kernel that a machine booted. */
  readonly kernels?: Readonly<Partial<Record<KernelName, Status>>>
}

export interface LayerResult {
  readonly layer: string
  /** Runs with one id make up one whole: a layer that `npm run check` ran is not run again by `npm test`. */
  readonly runId: string
  readonly files: number
  readonly durationMs: number
  readonly results: readonly TestResult[]
}

/** Said by a machine: noted under its kernel, so that the table can tell. */
export function onKernel(result: TestResult): TestResult {
  return result.where === 'host' ? result : { ...result, kernels: { [result.where]: result.status } }
}

/** One result per test: the host's, unless the machine's says more. */
export function mergeResults(
  host: readonly TestResult[],
  vm: readonly TestResult[],
): { merged: readonly TestResult[]; onlyInVm: readonly TestResult[] } {
  const elsewhere = new Map(vm.map((result) => [keyOf(result), result]))
  const merged = host.map((result) => {
    const other = elsewhere.get(keyOf(result))
    elsewhere.delete(keyOf(result))
    if (other === undefined) return result
    const kernels = { ...result.kernels, ...other.kernels }
    return { ...strongerOf(result, other), ...(Object.keys(kernels).length > 0 ? { kernels } : {}) }
  })
  return { merged, onlyInVm: [...elsewhere.values()] }
}

function strongerOf(host: TestResult, vm: TestResult): TestResult {
  if (host.status === 'failed') return host
  if (vm.status === 'failed') return vm
  if (host.status === 'passed') return host
  if (vm.status === 'passed') return vm
  const { reason: here = '' } = host
  const reason = here.includes(vm.reason ?? '') ? host.reason : `${here}; on Linux ${vm.where}: ${vm.reason}`
  return reason === undefined ? host : { ...host, reason }
}

export function countOf(results: readonly TestResult[], status: Status): number {
  return results.filter((result) => result.status === status).length
}

function keyOf({ file, name }: TestResult): string {
  return `${file}\n${name}`
}
