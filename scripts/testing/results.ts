/**
 * What a run found out about each test, and how two places (this host, the virtual machine) make one answer.
 *
 * A test that the host skips and the machine passes has passed, once. A failure anywhere is a failure. What was
 * skipped in both places keeps both reasons.
 */
export type Where = 'host' | 'vm'
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
}

export interface LayerResult {
  readonly layer: string
  /** Runs with one id make up one whole: a layer that `npm run check` ran is not run again by `npm test`. */
  readonly runId: string
  readonly files: number
  readonly durationMs: number
  readonly results: readonly TestResult[]
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
    return other === undefined ? result : strongerOf(result, other)
  })
  return { merged, onlyInVm: [...elsewhere.values()] }
}

function strongerOf(host: TestResult, vm: TestResult): TestResult {
  if (host.status === 'failed') return host
  if (vm.status === 'failed') return vm
  if (host.status === 'passed') return host
  if (vm.status === 'passed') return vm
  const reason = host.reason === vm.reason ? host.reason : `${host.reason}; in the machine: ${vm.reason}`
  return reason === undefined ? host : { ...host, reason }
}

export function countOf(results: readonly TestResult[], status: Status): number {
  return results.filter((result) => result.status === status).length
}

function keyOf({ file, name }: TestResult): string {
  return `${file}\n${name}`
}
