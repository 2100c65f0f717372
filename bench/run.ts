/**
 * Runs benchmarks and prints their tables.
 *
 *   node bench/run.ts                      all of bench/*.bench.ts
 *   node bench/run.ts planning generate    some
 *   node bench/run.ts --write …            also into docs/performance.md, between <!-- bench:NAME --> marks
 *   node bench/run.ts proxy -- --quick     what is after -- is for the benchmarks
 *
 * Each benchmark runs in a process of its own, so that one's heap is not another's.
 */
import { spawnSync } from 'node:child_process'
import { existsSync, globSync, readFileSync, writeFileSync } from 'node:fs'
import { basename } from 'node:path'
import { chdir } from 'node:process'
import { environmentLine, type Benchmark } from './benchmark.ts'
import { renderBenchTable } from './table.ts'

const PAGE = 'docs/performance.md'

chdir(new URL('..', import.meta.url).pathname)
const args = process.argv.slice(2)
process.exitCode = args[0] === '--one' ? await runOne(args[1] ?? '') : runAll(args)

/** [before, after] the first `--`. */
function splitWords(words: readonly string[]): [readonly string[], readonly string[]] {
  const at = words.indexOf('--')
  return at < 0 ? [words, []] : [words.slice(0, at), words.slice(at + 1)]
}

function runAll(args: readonly string[]): number {
  const [words, own] = splitWords(args)
  const known = globSync('bench/*.bench.ts').map((file) => basename(file, '.bench.ts'))
  const wanted = words.filter((word) => word !== '--write')
  const unknown = wanted.filter((name) => !known.includes(name))
  if (unknown.length > 0) {
    console.error(`no such benchmark: ${unknown.join(', ')}. There are: ${known.toSorted().join(', ')}`)
    return 2
  }
  console.log(`${environmentLine()}\n`)
  const failed = (wanted.length > 0 ? wanted : known.toSorted()).filter((name) => {
    const section = sectionOf(name, own)
    if (section === undefined) return true
    console.log(`${section}\n`)
    if (words.includes('--write')) writeSection(name, section)
    return false
  })
  if (failed.length > 0) console.error(`failed: ${failed.join(', ')}`)
  return failed.length > 0 ? 1 : 0
}

function sectionOf(name: string, own: readonly string[]): string | undefined {
  const args = ['--disable-warning=ExperimentalWarning', 'bench/run.ts', '--one', name, ...own]
  const { status, stdout } = spawnSync(process.execPath, args, {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
    maxBuffer: 2 ** 26,
  })
  return status === 0 ? stdout.trim() : undefined
}

async function runOne(name: string): Promise<number> {
  const { benchmark } = (await import(`./${name}.bench.ts`)) as { benchmark: Benchmark }
  const controller = new AbortController()
  process.once('SIGINT', () => controller.abort())
  const say = (line: string) => console.error(`  ${name}: ${line}`)
  const rows = await benchmark.run({ say, signal: controller.signal })
  console.log(`## ${benchmark.title}\n\n${benchmark.about}\n\n${renderBenchTable(rows)}`)
  return 0
}

/** The text between the marks is ours; what stands around them (what it means, where the time goes) stays. */
function writeSection(name: string, section: string): void {
  const [open, close] = [`<!-- bench:${name} -->`, `<!-- /bench:${name} -->`]
  const text = existsSync(PAGE) ? readFileSync(PAGE, 'utf8') : '# Performance\n'
  const block = `${open}\n${section}\n\n${environmentLine()}.\n${close}`
  const [from, to] = [text.indexOf(open), text.indexOf(close)]
  const next =
    from < 0 || to < 0 ? `${text}\n${block}\n` : text.slice(0, from) + block + text.slice(to + close.length)
  writeFileSync(PAGE, next)
}
