/**
 * What to measure: flags after `--` (`node bench/run.ts proxy -- --quick --vs COMMAND`), or the environment.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { parseArgs } from 'node:util'
import { stagePackage } from '../../test/harness/published-package.ts'
import type { Contestant } from './contestant.ts'
import type { Durations } from './measurements.ts'

export interface ProxyBenchOptions {
  /** Ours first, plain TCP last. */
  readonly contestants: readonly Contestant[]
  readonly rounds: number
  readonly durations: Durations
  /** Only what takes two minutes. */
  readonly quick: boolean
  cleanUp(): void
}

export const PLAIN = 'plain TCP, no proxy'

export function readOptions(args: readonly string[]): ProxyBenchOptions {
  const { values } = parseArgs({
    args: [...args],
    options: {
      proxy: { type: 'string' },
      vs: { type: 'string' },
      'vs-tuned': { type: 'string' },
      rounds: { type: 'string' },
      quick: { type: 'boolean' },
    },
  })
  const env = process.env
  const quick = values.quick ?? env['WARREN_BENCH_QUICK'] === '1'
  const folder = mkdtempSync(join(tmpdir(), 'warren-bench-package-'))
  const ours = values.proxy ?? env['WARREN_BENCH_PROXY'] ?? `${stagePackage(folder)} proxy`
  const others = [
    values.vs ?? env['WARREN_BENCH_PROXY_VS'],
    values['vs-tuned'] ?? env['WARREN_BENCH_PROXY_VS_TUNED'],
  ].filter((command) => command !== undefined)
  const contestants = [
    { name: 'warren', command: ours },
    ...others.map((command) => ({ name: nameOf(command), command })),
    { name: PLAIN, command: undefined },
  ].map((contestant, slot) => ({ ...contestant, slot }))
  const rounds = Number(values.rounds ?? env['WARREN_BENCH_ROUNDS'] ?? (quick ? 1 : 3))
  return {
    ...{ contestants, rounds, quick, durations: quick ? QUICK : FULL },
    cleanUp: () => rmSync(folder, { recursive: true, force: true }),
  }
}

export const LOSSY_CONNECTIONS = 16

const FULL: Durations = {
  ...{ transferSeconds: 3, requestSeconds: 3 },
  ...{ goodputSeconds: 15, settleSeconds: 4, lossyConnections: LOSSY_CONNECTIONS },
}
const QUICK: Durations = {
  ...{ transferSeconds: 2, requestSeconds: 2 },
  ...{ goodputSeconds: 8, settleSeconds: 2, lossyConnections: LOSSY_CONNECTIONS },
}

const nameOf = (command: string): string => basename(command.trim().split(/\s+/)[0] ?? command)
