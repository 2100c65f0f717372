/**
 * Fuzzes the decoders of the project:
 *
 *   npm run fuzz                                    every target, 20,000 executions
 *   npm run fuzz -- wg-config --executions 1000000 --seed 7
 *   npm run fuzz -- --seconds 60 --save             a minute each; new outcomes go into the corpus
 *
 * The seed is printed, and the same seed and number of executions repeat a run exactly. A broken promise is
 * written to test/fuzz/broken/ and the exit code is 1.
 */
import { createHash } from 'node:crypto'
import { mkdirSync, writeFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { fuzz, FuzzFailure } from './fuzz.ts'
import type { FuzzReport } from './fuzz.ts'
import type { FuzzTarget } from './target.ts'
import { FUZZ_TARGETS } from './targets.ts'

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    seed: { type: 'string' },
    executions: { type: 'string' },
    seconds: { type: 'string' },
    save: { type: 'boolean', default: false },
  },
})

const unknown = positionals.filter((name) => !FUZZ_TARGETS.some((target) => target.name === name))
if (unknown.length > 0) {
  console.error(
    `no such target: ${unknown.join(', ')}. There are: ${FUZZ_TARGETS.map(({ name }) => name).join(', ')}`,
  )
  process.exitCode = 2
} else {
  const chosen = FUZZ_TARGETS.filter(({ name }) => positionals.length === 0 || positionals.includes(name))
  process.exitCode = chosen.map(runTarget).every(Boolean) ? 0 : 1
}

function runTarget(target: FuzzTarget): boolean {
  const seed = Number(values.seed ?? 1)
  const startedAt = performance.now()
  const seconds = values.seconds === undefined ? undefined : Number(values.seconds)
  const executions = seconds === undefined ? Number(values.executions ?? 20_000) : Number.MAX_SAFE_INTEGER
  const elapsed = (): number => (performance.now() - startedAt) / 1000
  try {
    const report = fuzz(target, {
      seed,
      executions,
      stop: () => seconds !== undefined && elapsed() > seconds,
    })
    if (values.save) save('corpus', target.name, [...report.found.values()])
    print(report, elapsed())
    return true
  } catch (error) {
    if (!(error instanceof FuzzFailure)) throw error
    console.error(`seed ${seed}: ${error.message}`)
    for (const path of save('broken', target.name, [error.input])) console.error(`the input is in ${path}`)
    return false
  }
}

function print({ target, seed, executions, seeds, outcomes, found }: FuzzReport, seconds: number): void {
  const rate = Math.round(executions / seconds).toLocaleString('en')
  const figures = `${executions.toLocaleString('en')} executions, seed ${seed}, ${seeds} seeds, ${rate}/s`
  console.log(`${target}: ${figures}, ${outcomes.size} outcomes, ${found.size} of them new`)
}

function save(folder: string, target: string, inputs: readonly Uint8Array[]): string[] {
  const url = new URL(`${folder}/${target}/`, import.meta.url)
  mkdirSync(url, { recursive: true })
  return inputs.map((input) => {
    const file = new URL(createHash('sha256').update(input).digest('hex').slice(0, 16), url)
    writeFileSync(file, input)
    return file.pathname
  })
}
