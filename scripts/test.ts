/**
 * Runs the test layers and closes with `N passed, N failed`.
 *
 *   node scripts/test.ts                        everything, the machine and the acceptance rows last
 *   node scripts/test.ts unit netns             some layers
 *   node scripts/test.ts netns --only wireguard files whose path contains the word
 *   node scripts/test.ts vm --all               in the machines also what this host's kernel can run
 *   node scripts/test.ts vm --only X --kernel 6.12   in that machine; --only alone is content with the first
 *
 * Exit 0 only if at least one test ran, none failed and, where CI=true, none was skipped everywhere but those that are
 * left to --all.
 */
import { chdir } from 'node:process'
import { runAcceptance } from './testing/acceptance-layer.ts'
import { LAYERS } from './testing/layers.ts'
import { readRecord, writeRecord } from './testing/record.ts'
import type { LayerResult } from './testing/results.ts'
import { runLayer } from './testing/run-layer.ts'
import { closingLine, renderFailures, renderSkips, renderTable, titleOf } from './testing/summary.ts'
import { isKernelName, KERNEL_NAMES, LEFT_TO_ALL, type KernelName } from './vm/kernels.ts'
import { addMachines, isAskedFor, runMachines, type VmLayerOptions } from './testing/vm-layer.ts'

const USAGE = `node scripts/test.ts [${LAYERS.map((layer) => layer.name).join('|')}]… [--only PART-OF-A-PATH] [--all] [--kernel ${KERNEL_NAMES.join('|')}]`

process.exitCode = await main(process.argv.slice(2))

async function main(args: string[]): Promise<number> {
  const wanted = parseArguments(args)
  if (wanted === undefined) {
    console.error(USAGE)
    return 2
  }
  chdir(new URL('..', import.meta.url).pathname)
  const runId = process.env['WARREN_TEST_RUN'] ?? `${process.pid}-${Date.now()}`
  const say = (line: string) => console.log(line)
  const layers = await runLayers(wanted, { runId, say, signal: interruption(), ...wanted.how })
  return conclude(layers)
}

async function runLayers({ names, whole }: Wanted, options: VmLayerOptions): Promise<LayerResult[]> {
  let done: LayerResult[] = []
  if (isAskedFor(options)) process.env['WARREN_ALL_TESTS'] = '1'
  for (const layer of LAYERS.filter(({ name }) => names.includes(name))) {
    if (options.signal.aborted) break
    const earlier = whole ? readRecord(layer.name, options.runId) : undefined
    const before = [...done]
    done.push(earlier ?? (await runLayer(layer, options)))
    // After the files that boot a machine of their own: three emulated processors are too many for two real ones.
    if (layer.name === 'vm') done = [...addMachines(done, await runMachines(before, options))]
    if (options.only === undefined) done.forEach(writeRecord)
  }
  if (whole && !options.signal.aborted) done.push(await runAcceptance(done, options))
  return done
}

function conclude(layers: readonly LayerResult[]): number {
  const results = layers.flatMap((layer) => layer.results)
  const skipped = results.filter(({ status, reason }) => status === 'skipped' && reason !== LEFT_TO_ALL)
  const nowhere = process.env['CI'] === 'true' ? skipped : []
  console.log(renderFailures(results))
  console.log(renderSkips(results))
  console.log(renderTable(layers))
  for (const test of nowhere) console.log(`ran nowhere: ${titleOf(test)} (${test.reason})`)
  const failed = results.some((test) => test.status === 'failed')
  const ran = results.some((test) => test.status !== 'skipped')
  console.log(closingLine(results))
  return failed || !ran || nowhere.length > 0 ? 1 : 0
}

interface Wanted {
  readonly names: readonly string[]
  /** Every layer, so the run can be judged as a whole. */
  readonly whole: boolean
  readonly how: Pick<VmLayerOptions, 'only' | 'all' | 'kernels'>
}

function parseArguments(args: readonly string[]): Wanted | undefined {
  const rest = [...args]
  const { all, only, kernel, trouble } = takeOptions(rest)
  const known = LAYERS.map((layer) => layer.name)
  if (trouble || rest.some((name) => !known.includes(name))) return undefined
  const how = {
    ...(only === undefined ? {} : { only }),
    ...(kernel === undefined ? {} : { kernels: [kernel] }),
    ...(all ? { all } : {}),
  }
  const whole = rest.length === 0 && Object.keys(how).length === 0
  return { names: rest.length === 0 ? known : rest, whole, how }
}

/** Takes the options out of the arguments; what is left are layers. */
function takeOptions(rest: string[]): { all: boolean; only?: string; kernel?: KernelName; trouble: boolean } {
  const take = (flag: string, values: number): string[] | undefined => {
    const at = rest.indexOf(flag)
    return at < 0 ? undefined : rest.splice(at, 1 + values)
  }
  const [only, kernel, all] = [take('--only', 1), take('--kernel', 1), take('--all', 0)]
  const name = kernel?.[1] ?? ''
  return {
    all: all !== undefined,
    ...(only?.[1] === undefined ? {} : { only: only[1] }),
    ...(isKernelName(name) ? { kernel: name } : {}),
    trouble: only?.length === 1 || (kernel !== undefined && !isKernelName(name)),
  }
}

/** Ctrl-C kills what runs and still prints what is known. */
function interruption(): AbortSignal {
  const controller = new AbortController()
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => controller.abort())
  return controller.signal
}
