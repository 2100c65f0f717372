/**
 * One test file in a process of its own: its results, and nothing left behind.
 *
 * The file runs as the leader of a process group. When it ends or its time is up the whole group is killed, so a
 * test that forgets a child does not slow down or confuse the next one.
 */
import { spawn, type ChildProcess } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import type { ReporterLine } from './reporter.ts'
import type { TestResult, Where } from './results.ts'

export interface RunFileOptions {
  readonly timeoutMs: number
  readonly where: Where
  readonly env?: NodeJS.ProcessEnv
  readonly signal?: AbortSignal
  /** Full names (`suite > test`) of the tests to run; of the others only a namesake in another suite runs too. */
  readonly only?: readonly string[]
}

const REPORTER = new URL('reporter.ts', import.meta.url).href
const OUTPUT_KEPT = 20_000
/** A daemon in a session of its own (as `warren device` is) may keep our pipes; it is not waited for. */
const PIPES_MAY_LINGER_MS = 500

interface Ending {
  readonly how: 'exit' | 'timeout'
  readonly code: number | string
  readonly output: string
}

export async function runFile(file: string, options: RunFileOptions): Promise<readonly TestResult[]> {
  const folder = mkdtempSync(join(tmpdir(), 'warren-test-'))
  const report = join(folder, 'report')
  const started = performance.now()
  try {
    const ending = await runToEnd(file, { ...options, report })
    const lines = readLines(report)
    const results = lines.flatMap((line) =>
      line.kind === 'end' ? [resultOf(line, { file, ...options })] : [],
    )
    const trouble = troubleOf(ending, lines, { results, ...options })
    if (trouble === undefined) return results
    const durationMs = Math.round(performance.now() - started)
    const { where } = options
    return [...results, { name: '(the file)', file, where, status: 'failed', durationMs, reason: trouble }]
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

async function runToEnd(file: string, o: RunFileOptions & { report: string }): Promise<Ending> {
  const patterns = (o.only ?? []).map((name) => `--test-name-pattern=${patternOf(name)}`)
  const args = [`--test-reporter=${REPORTER}`, `--test-reporter-destination=${o.report}`, ...patterns, file]
  const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', ...args], {
    detached: true,
    // NODE_TEST_CONTEXT is set below `node --test` and would silence the reporter.
    env: { ...process.env, NODE_TEST_CONTEXT: undefined, ...o.env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const output = collect(child)
  const kill = () => killGroup(child)
  o.signal?.addEventListener('abort', kill)
  let how: Ending['how'] = 'exit'
  const timer = setTimeout(() => ((how = 'timeout'), kill()), o.timeoutMs)
  const closed = new Promise((resolve) => child.on('close', resolve))
  // First 'exit', then 'close': a forgotten grandchild may hold the pipes open until the group is killed.
  const code = await new Promise<number | string>((resolve, reject) => {
    child.on('error', reject)
    child.on('exit', (status, signal) => resolve(status ?? signal ?? 'unknown'))
  })
  clearTimeout(timer)
  o.signal?.removeEventListener('abort', kill)
  kill()
  await Promise.race([closed, pause(PIPES_MAY_LINGER_MS, undefined, { ref: false })])
  return { how, code, output: output() }
}

/** node:test matches the names from the outermost suite on, joined by blanks. */
function patternOf(name: string): string {
  const text = name.replaceAll(' > ', ' ').replace(/[.*+?^${}()|[\]\\/]/g, '\\$&')
  return `/^${text}$/`
}

function troubleOf(
  { how, code, output }: Ending,
  lines: readonly ReporterLine[],
  { results, timeoutMs }: { results: readonly TestResult[]; timeoutMs: number },
): string | undefined {
  if (how === 'timeout') {
    const ended = new Set(results.map((result) => result.name.split(' > ').at(-1)))
    const open = lines.flatMap((line) => (line.kind === 'begin' && !ended.has(line.name) ? [line.name] : []))
    const what = open.length > 0 ? `unfinished: ${open.join('; ')}` : 'every test ended, but not the process'
    return `killed after ${timeoutMs / 1000} s (${what})\n${output}`
  }
  if (code !== 0 && !results.some((result) => result.status === 'failed'))
    return `ended with ${code}\n${output}`
  return results.length === 0 ? `declares no test\n${output}` : undefined
}

function resultOf(
  line: ReporterLine & { kind: 'end' },
  { file, where }: { file: string; where: Where },
): TestResult {
  const { kind: _, ...result } = line
  return { ...result, file, where }
}

function readLines(report: string): ReporterLine[] {
  let text = ''
  try {
    text = readFileSync(report, 'utf8')
  } catch {
    return [] // the process died before its reporter opened the file; its exit status tells
  }
  const whole = text.slice(0, text.lastIndexOf('\n') + 1)
  return whole.split('\n').flatMap((line) => (line === '' ? [] : [JSON.parse(line) as ReporterLine]))
}

function collect(child: ChildProcess): () => string {
  let text = ''
  const take = (chunk: Buffer) => (text = (text + chunk.toString()).slice(-OUTPUT_KEPT))
  child.stdout?.on('data', take)
  child.stderr?.on('data', take)
  return () => text
}

function killGroup(child: ChildProcess): void {
  if (child.pid === undefined) return
  try {
    process.kill(-child.pid, 'SIGKILL')
  } catch {
    // ESRCH: the whole group has ended already
  }
}
