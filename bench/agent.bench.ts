/** The agent against `wg syncconf` and `ip -batch`, both on a wireguard-go interface of this machine. */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { stagePackage } from '../test/harness/published-package.ts'
import { parseRound, roundCommand, rowsOf, type AgentRound } from './agent-figures.ts'
import type { Benchmark } from './benchmark.ts'

const ROUNDS = 5

export const benchmark: Benchmark = {
  title: 'The agent on a wireguard-go interface',
  about:
    'An empty network namespace gets an interface, 1,000 peers and 1,000 addresses: by the agent as published ' +
    '(compiled JavaScript; parsing and planning included), and by `wg syncconf` and `ip -batch` from files that are ' +
    `already there. Medians of ${ROUNDS} rounds. The commands include starting Node; most of "nothing to do" is that.`,
  run: ({ say }) => {
    const folder = mkdtempSync(join(tmpdir(), 'warren-bench-'))
    try {
      const warren = stagePackage(folder)
      const rounds: AgentRound[] = []
      for (let i = 0; rounds.length < ROUNDS; i++) {
        say(`round ${i + 1}`)
        const [program = '', ...args] = roundCommand('wireguard-go', warren)
        const { status, stdout, stderr } = spawnSync(program, args, { encoding: 'utf8' })
        if (status === 0) rounds.push(parseRound(stdout))
        // wireguard-go ends when too many new addresses overflow its event socket, whoever adds them.
        else if (i < 2 * ROUNDS) say(`lost: ${/^Error: .*/m.exec(stderr)?.[0] ?? stderr.slice(-200)}`)
        else throw new Error(stderr)
      }
      return Promise.resolve(rowsOf(rounds))
    } finally {
      rmSync(folder, { recursive: true })
    }
  },
}
