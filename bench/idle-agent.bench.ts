/** An agent with nothing to do, as published: memory, processor time, and how soon after its start it has looked. */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { stagePackage } from '../test/harness/published-package.ts'
import type { Benchmark, BenchRow } from './benchmark.ts'

export const benchmark: Benchmark = {
  title: 'An idle agent',
  about:
    'An interface with five peers, up already, in a network namespace of its own, by the agent as published ' +
    '(compiled JavaScript, compile cache warm); beside it a Node that only waits. Medians of 3 starts; memory is the ' +
    'resident set after 20 s, processor time that of 60 s.',
  run: ({ say }) => {
    const folder = mkdtempSync(join(tmpdir(), 'warren-bench-'))
    try {
      const warren = stagePackage(folder)
      say('about two minutes')
      const namespaces = ['--net', '--mount', '--pid', '--fork', '--kill-child', '--mount-proc']
      const args = [
        ...namespaces,
        '--propagation',
        'private',
        process.execPath,
        'bench/idle-scenario.ts',
        warren,
      ]
      const text = execFileSync('unshare', args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] })
      return Promise.resolve(rowsOf(JSON.parse(text) as IdleFigures))
    } finally {
      rmSync(folder, { recursive: true })
    }
  },
}

export interface IdleFigures {
  readonly agent: Readonly<Record<'startMs' | 'convergedMs' | 'residentMiB' | 'processorMs', number>>
  readonly node: Readonly<Record<'startMs' | 'residentMiB' | 'processorMs', number>>
}

function rowsOf({ agent, node }: IdleFigures): readonly BenchRow[] {
  const row = (what: string, unit: string, figures: BenchRow['figures'], goal?: number): BenchRow => ({
    what,
    unit,
    better: 'less',
    figures,
    ...(goal === undefined ? {} : { goal }),
  })
  return [
    row('resident memory', 'MiB', { warren: agent.residentMiB, 'Node that waits': node.residentMiB }, 75),
    row('start to first observation', 'ms', { warren: agent.startMs, 'Node that waits': node.startMs }, 400),
    row('start to converged', 'ms', { warren: agent.convergedMs }),
    row('processor time in a minute', 'ms', {
      warren: agent.processorMs,
      'Node that waits': node.processorMs,
    }),
  ]
}
