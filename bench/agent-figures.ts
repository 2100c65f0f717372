/**
 * What both agent benchmarks, on wireguard-go here and on the kernel's WireGuard in the VM, have in common: how a
 * round is started and how rounds become rows.
 */
import type { BenchRow } from './benchmark.ts'

export interface AgentRound {
  readonly ours: Readonly<Record<'fill' | 'fillWork' | 'again' | 'change' | 'resident', number>>
  readonly theirs: Readonly<Record<'fill' | 'again' | 'change', number>>
}

/** The command of one round: new network, mount and process namespaces that end with it. */
export function roundCommand(make: 'kernel' | 'wireguard-go', warren: string): readonly string[] {
  const namespaces = [
    '--net',
    '--mount',
    '--pid',
    '--fork',
    '--kill-child',
    '--mount-proc',
    '--propagation',
    'private',
  ]
  const node = [process.execPath, '--disable-warning=ExperimentalWarning']
  return ['unshare', ...namespaces, ...node, 'bench/agent-scenario.ts', make, warren]
}

export function parseRound(stdout: string): AgentRound {
  return JSON.parse(stdout.trim().split('\n').at(-1) ?? '') as AgentRound
}

export function rowsOf(rounds: readonly AgentRound[]): readonly BenchRow[] {
  const median = (pick: (round: AgentRound) => number) =>
    rounds.map(pick).toSorted((a, b) => a - b)[Math.floor(rounds.length / 2)] ?? NaN
  const row = (what: string, step: 'fill' | 'again' | 'change'): BenchRow => ({
    what,
    unit: 'ms',
    better: 'less',
    figures: { warren: median((r) => r.ours[step]), 'wg and ip': median((r) => r.theirs[step]) },
  })
  return [
    row('empty host to 1,000 peers and 1,000 addresses, as a command', 'fill'),
    {
      what: 'the same, the agent alone',
      unit: 'ms',
      better: 'less',
      figures: { warren: median((r) => r.ours.fillWork), 'wg and ip': median((r) => r.theirs.fill) },
      note: 'to observe, decide and apply, without starting Node and reading the plan.',
    },
    row('again, with nothing to do, as a command', 'again'),
    row('one peer changed among 1,000, as a command', 'change'),
    {
      what: 'one peer changed among 1,000, by a resident agent',
      unit: 'ms',
      better: 'less',
      figures: { warren: median((r) => r.ours.resident), 'wg and ip': median((r) => r.theirs.change) },
      note: 'from the new content of the plan file to the agent having converged on it.',
    },
  ]
}
