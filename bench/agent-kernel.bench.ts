/** The agent against `wg syncconf` and `ip -batch`, both on the kernel's WireGuard, in the virtual machine. */
import { mkdtempSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { runInMachine } from '../scripts/vm/machine.ts'
import { prepareMachine, whyNoMachine } from '../scripts/vm/prepare.ts'
import { stagePackage } from '../test/harness/published-package.ts'
import { parseRound, roundCommand, rowsOf, type AgentRound } from './agent-figures.ts'
import type { Benchmark, BenchContext } from './benchmark.ts'

export const benchmark: Benchmark = {
  title: "The agent on the kernel's WireGuard",
  about:
    "The same on Debian's 6.1 kernel in an emulated machine (no KVM). Compiled programs take about ten times as long " +
    'there and just-in-time compiled ones, Node first of all, up to fifty times: the milliseconds and the ratios ' +
    'of the commands say more about the emulator than about either side. One round.',
  run: async (context) => {
    const why = whyNoMachine()
    if (why !== undefined) throw new Error(`no virtual machine here: ${why}`)
    // Under /var/tmp, which the machine sees; its own /tmp may be another.
    const folder = mkdtempSync('/var/tmp/warren-bench-')
    try {
      return rowsOf(await roundsInMachine(stagePackage(folder), folder, context))
    } finally {
      rmSync(folder, { recursive: true })
    }
  },
}

async function roundsInMachine(
  warren: string,
  folder: string,
  { say, signal }: BenchContext,
): Promise<readonly AgentRound[]> {
  const round = roundCommand('kernel', warren).join(' ')
  const stdout: string[] = []
  say('about three minutes in the machine')
  const end = await runInMachine({
    image: prepareMachine(),
    command: ['sh', '-c', `set -e; modprobe wireguard; ${round} 2>/dev/null`],
    cwd: process.cwd(),
    env: { PATH: process.env['PATH'] ?? '', HOME: '/root', NODE_COMPILE_CACHE: join(folder, 'compiled') },
    timeoutMs: 600_000,
    onStdout: (chunk) => stdout.push(chunk.toString()),
    onStderr: (chunk) => process.stderr.write(chunk),
    signal,
  })
  if (end.kind !== 'exit' || end.status !== 0) throw new Error(`the machine: ${JSON.stringify(end)}`)
  return [parseRound(stdout.join(''))]
}
