/**
 * The tests that this kernel could not run, in one virtual machine that can: all their files in one boot, the results
 * laid over the host's. Where no machine can run, the skips stay and the reason is said.
 */
import { globSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { runInMachine, type MachineEnd } from '../vm/machine.ts'
import { prepareMachine, whyNoMachine, type MachineImage } from '../vm/prepare.ts'
import { JOBS_FILE, type MachineJob } from './machine-job.ts'
import { mergeResults, type LayerResult, type TestResult } from './results.ts'
import { COMPILED, missingKernelFeatures, type RunLayerOptions } from './run-layer.ts'

const FOLDERS = ['contracts', 'netns', 'e2e', 'vm']
/** Also the bound on what continuous integration waits for; a whole run takes about half of it. */
const MACHINE_TIMEOUT_MS = 900_000
const MEMORY_MB = 3072

export async function addVmResults(
  done: readonly LayerResult[],
  options: RunLayerOptions,
): Promise<readonly LayerResult[]> {
  const jobs = jobsForMachine(done, options.only)
  if (jobs.length === 0) return done
  const image = machineImage()
  if (typeof image === 'string') {
    options.say(`vm: no virtual machine here: ${image}`)
    return done.map((layer) => ({ ...layer, results: layer.results.map((test) => noteReason(test, image)) }))
  }
  const started = performance.now()
  const results = await resultsOfMachine(jobs, { image, ...options })
  return layOver(done, results, Math.round(performance.now() - started))
}

/**
 * The tests that this host skipped for want of a kernel feature, file by file. Layers that have not run are judged by
 * the text of their files: one that names such a feature is run whole. One too many costs time and nothing else.
 */
function jobsForMachine(done: readonly LayerResult[], only = ''): readonly MachineJob[] {
  const missing = missingKernelFeatures().map((feature) => `'${feature}'`)
  const unknown = FOLDERS.filter((folder) => !done.some(({ layer }) => layer === folder))
  const byText = unknown
    .flatMap((folder) => globSync(`test/${folder}/**/*.test.ts`))
    .filter((file) => missing.some((feature) => readFileSync(file, 'utf8').includes(feature)))
    .map((file): MachineJob => ({ file }))
  const skipped = done.flatMap((layer) =>
    layer.results.filter(({ reason = '' }) => reason.startsWith('needs kernel')),
  )
  const bySkip = [...Map.groupBy(skipped, ({ file }) => file)].map(
    ([file, tests]): MachineJob => ({ file, only: tests.map(({ name }) => name) }),
  )
  const jobs = [...byText, ...bySkip].filter(({ file }) => file.includes(only))
  // The layer's own files take longest: they begin first, so that none of them is the last one alone.
  return jobs.toSorted(
    (a, b) => Number(b.file.startsWith('test/vm/')) - Number(a.file.startsWith('test/vm/')),
  )
}

/** What to boot, or why nothing can be booted: no QEMU, no root, no package to download. */
function machineImage(): MachineImage | string {
  const why = whyNoMachine()
  if (why !== undefined) return why
  try {
    return prepareMachine()
  } catch (error) {
    return error instanceof Error ? error.message : String(error) // said, and kept in each skip
  }
}

function noteReason(test: TestResult, why: string): TestResult {
  const { reason = '' } = test
  return reason.startsWith('needs kernel')
    ? { ...test, reason: `${reason}; no virtual machine: ${why}` }
    : test
}

async function resultsOfMachine(
  jobs: readonly MachineJob[],
  { image, say, signal }: RunLayerOptions & { image: MachineImage },
): Promise<readonly TestResult[]> {
  say(
    `vm: ${jobs.length} ${jobs.length === 1 ? 'file' : 'files'} on Linux ${image.release} in one virtual machine`,
  )
  const out = mkdtempSync('/var/tmp/warren-vm-results-')
  try {
    writeFileSync(join(out, JOBS_FILE), JSON.stringify(jobs))
    const end = await runInMachine({
      image,
      command: [process.execPath, resolve('scripts/testing/in-machine.ts'), out],
      cwd: process.cwd(),
      env: environment(),
      timeoutMs: MACHINE_TIMEOUT_MS,
      memoryMb: MEMORY_MB,
      out,
      onStdout: linewise(say),
      onStderr: (chunk) => process.stderr.write(chunk),
      signal,
    })
    return [...readResults(out), ...troubleOf(end)]
  } finally {
    rmSync(out, { recursive: true, force: true })
  }
}

function environment(): Record<string, string> {
  const { PATH = '', CI = '' } = process.env
  return { PATH, CI, HOME: '/root', TMPDIR: '/tmp', WARREN_PATIENCE: '10', NODE_COMPILE_CACHE: COMPILED }
}

function readResults(out: string): TestResult[] {
  return globSync(join(out, '*.results.json')).flatMap(
    (path) => JSON.parse(readFileSync(path, 'utf8')) as TestResult[],
  )
}

function troubleOf(end: MachineEnd): TestResult[] {
  if (end.kind === 'exit' && end.status === 0) return []
  const what = end.kind === 'exit' ? `the runner in it ended with ${end.status}` : end.kind
  const reason = 'console' in end ? `${what}\n${end.console}` : what
  return [{ name: '(the machine)', file: 'scripts/vm', status: 'failed', where: 'vm', durationMs: 0, reason }]
}

function layOver(
  done: readonly LayerResult[],
  results: readonly TestResult[],
  durationMs: number,
): readonly LayerResult[] {
  let rest = results
  const merged = done.map((layer) => {
    const { merged: own, onlyInVm } = mergeResults(layer.results, rest)
    rest = onlyInVm
    return { ...layer, results: own }
  })
  return merged.map((layer) =>
    layer.layer === 'vm'
      ? { ...layer, results: [...layer.results, ...rest], durationMs: layer.durationMs + durationMs }
      : layer,
  )
}

function linewise(say: (line: string) => void): (chunk: Buffer) => void {
  let open = ''
  return (chunk) => {
    const lines = (open + chunk.toString()).split('\n')
    open = lines.pop() ?? ''
    lines.forEach(say)
  }
}
