/**
 * The tests that this kernel could not run, in virtual machines that can: one for each kernel of scripts/vm/kernels.ts,
 * all files in one boot, at once with each other and with the layer's own files (those boot machines too), and the
 * results laid over the host's. With `--all`, every test of the layers whose subject is the kernel. Where no machine
 * can run, the skips stay and the reason is said.
 */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync, globSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { isEveryday, KERNEL_NAMES, LEFT_TO_ALL, type KernelName } from '../vm/kernels.ts'
import { runInMachine, type MachineEnd } from '../vm/machine.ts'
import { prepareMachine, whyNoMachine, type MachineImage } from '../vm/prepare.ts'
import { JOBS_FILE, jobsForMachine, type MachineJob } from './machine-job.ts'
import { mergeResults, onKernel, type LayerResult, type TestResult } from './results.ts'
import { missingKernelFeatures, type RunLayerOptions } from './run-layer.ts'

/** Also the bound on what continuous integration waits for; a whole run on an idle machine takes a third of it. */
const MACHINE_TIMEOUT_MS = { part: 1_500_000, all: 7_200_000 }
const MEMORY_MB = 3072

export interface VmLayerOptions extends RunLayerOptions {
  /** Also the tests that this host's kernel can run. */
  readonly all?: boolean
  readonly kernels?: readonly KernelName[]
}

/** What the machines found out, or why there is none. */
export interface MachinesRun {
  readonly results: readonly (readonly TestResult[])[]
  readonly durationMs: number
  readonly why?: string
  /** Files that no machine runs every day. */
  readonly left?: ReadonlySet<string>
}

/** Images are made before this first waits, so that whoever runs beside it finds them. */
export async function runMachines(
  done: readonly LayerResult[],
  options: VmLayerOptions,
): Promise<MachinesRun> {
  const started = performance.now()
  const jobs = jobsForMachine(done, { missing: missingKernelFeatures(), ...options })
  if (jobs.length === 0) return { results: [], durationMs: 0 }
  const images = (options.kernels ?? kernelsFor(options)).map(machineImage)
  const reasons = images.filter((image) => typeof image === 'string')
  for (const why of reasons) options.say(`vm: no virtual machine here: ${why}`)
  const machines = images.filter((image) => typeof image !== 'string')
  const results = await Promise.all(
    machines.map((image) => resultsOfMachine(jobsOn(image.name, jobs, options), { image, ...options })),
  )
  const durationMs = Math.round(performance.now() - started)
  const [why] = reasons
  if (why !== undefined && machines.length === 0) return { results, durationMs, why }
  return { results, durationMs, left: filesLeft(jobs, options) }
}

export function addMachines(
  done: readonly LayerResult[],
  { results, durationMs, why, left = new Set() }: MachinesRun,
): readonly LayerResult[] {
  const noted = done.map((layer) => ({
    ...layer,
    results: layer.results.map((test) => noteReason(test, { why, left })),
  }))
  const merged = results.reduce<readonly LayerResult[]>((all, of) => layOver(all, of), noted)
  return merged.map((layer) =>
    layer.layer === 'vm' ? { ...layer, durationMs: Math.max(layer.durationMs, durationMs) } : layer,
  )
}

/** Who looks for one thing waits for one machine; `--kernel` names another. */
function kernelsFor({ only, all }: VmLayerOptions): readonly KernelName[] {
  return only === undefined || all ? KERNEL_NAMES : KERNEL_NAMES.slice(0, 1)
}

function jobsOn(
  kernel: KernelName,
  jobs: readonly MachineJob[],
  options: VmLayerOptions,
): readonly MachineJob[] {
  return isAskedFor(options) ? jobs : jobs.filter(({ file }) => isEveryday(kernel, file))
}

/** Whoever names a file or a kernel, or wants all, gets what is not for every day too. */
export const isAskedFor = ({ all, kernels, only }: VmLayerOptions): boolean =>
  all === true || kernels !== undefined || only !== undefined

function filesLeft(jobs: readonly MachineJob[], options: VmLayerOptions): ReadonlySet<string> {
  const rare = jobs.filter(({ file }) => !KERNEL_NAMES.some((kernel) => isEveryday(kernel, file)))
  return new Set(isAskedFor(options) ? [] : rare.map(({ file }) => file))
}

/** What to boot, or why nothing can be booted: no QEMU, no root, no package to download. */
function machineImage(kernel: KernelName): MachineImage | string {
  const why = whyNoMachine()
  if (why !== undefined) return why
  try {
    return prepareMachine(kernel)
  } catch (error) {
    return error instanceof Error ? error.message : String(error) // said, and kept in each skip
  }
}

function noteReason(test: TestResult, o: { why: string | undefined; left: ReadonlySet<string> }): TestResult {
  const { reason = '' } = test
  if (!reason.startsWith('needs kernel')) return test
  if (o.why !== undefined) return { ...test, reason: `${reason}; no virtual machine: ${o.why}` }
  return o.left.has(test.file) ? { ...test, reason: LEFT_TO_ALL } : test
}

async function resultsOfMachine(
  jobs: readonly MachineJob[],
  { image, say, signal, all = false }: VmLayerOptions & { image: MachineImage },
): Promise<readonly TestResult[]> {
  if (jobs.length === 0) return []
  const files = `${jobs.length} ${jobs.length === 1 ? 'file' : 'files'}`
  say(`vm: ${files} on Linux ${image.release} in a virtual machine`)
  const shared = resolve('.cache/vm', image.name, 'shared')
  mkdirSync(join(shared, 'compiled'), { recursive: true })
  const out = mkdtempSync(join(shared, 'run-'))
  try {
    writeFileSync(join(out, JOBS_FILE), JSON.stringify(jobs))
    const end = await runInMachine({
      image,
      command: [process.execPath, resolve('scripts/testing/in-machine.ts'), out],
      cwd: process.cwd(),
      env: environment(image.name, shared),
      timeoutMs: all ? MACHINE_TIMEOUT_MS.all : MACHINE_TIMEOUT_MS.part,
      memoryMb: MEMORY_MB,
      out: shared,
      onStdout: linewise((line) => say(`  ${image.name.padEnd(5)}${line}`)),
      onStderr: (chunk) => process.stderr.write(chunk),
      signal,
    })
    return [...readResults(out), ...troubleOf(end, image.name)].map(onKernel)
  } finally {
    rmSync(out, { recursive: true, force: true })
  }
}

/**
 * The emulated processor is another than this one, so what V8 compiled here is nothing to it: machines keep what they
 * compile themselves, types stripped included, in the one folder of theirs that stays.
 */
function environment(kernel: KernelName, shared: string): Record<string, string> {
  const { PATH = '', CI = '' } = process.env
  const own = { WARREN_MACHINE_KERNEL: kernel, NODE_COMPILE_CACHE: join(shared, 'compiled') }
  return { PATH, CI, HOME: '/root', TMPDIR: '/tmp', WARREN_PATIENCE: '10', ...own }
}

function readResults(out: string): TestResult[] {
  return globSync(join(out, '*.results.json')).flatMap(
    (path) => JSON.parse(readFileSync(path, 'utf8')) as TestResult[],
  )
}

function troubleOf(end: MachineEnd, where: KernelName): TestResult[] {
  if (end.kind === 'exit' && end.status === 0) return []
  const what = end.kind === 'exit' ? `the runner in it ended with ${end.status}` : end.kind
  const reason = 'console' in end ? `${what}\n${end.console}` : what
  return [{ name: '(the machine)', file: 'scripts/vm', status: 'failed', where, durationMs: 0, reason }]
}

/** What a machine ran of a layer is laid over it; the rest is the VM layer's own. */
function layOver(done: readonly LayerResult[], results: readonly TestResult[]): readonly LayerResult[] {
  let rest = results
  const merged = done.map((layer) => {
    const { merged: own, onlyInVm } = mergeResults(layer.results, rest)
    rest = onlyInVm
    return { ...layer, results: own }
  })
  return merged.map((layer) =>
    layer.layer === 'vm' ? { ...layer, results: [...layer.results, ...rest] } : layer,
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
