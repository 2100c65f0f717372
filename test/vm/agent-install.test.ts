/**
 * `warren agent install|upgrade|uninstall`, and systemd-networkd beside what we make, under a real systemd: boots this
 * host's in a machine and runs the files of systemd/ there, one after the other. What they found out is told here.
 */
import assert from 'node:assert/strict'
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { join, resolve } from 'node:path'
import { test } from 'node:test'
import { JOBS_FILE } from '../../scripts/testing/machine-job.ts'
import type { TestResult } from '../../scripts/testing/results.ts'
import { runInMachine } from '../../scripts/vm/machine.ts'
import { prepareMachine } from '../../scripts/vm/prepare.ts'
import { needs } from '../harness/needs.ts'
import { stagePackage } from '../harness/published-package.ts'

const NEEDS = needs({
  root: true,
  rare: true,
  tools: [
    'qemu-system-x86_64',
    'virtiofsd',
    'busybox',
    'depmod',
    'wg',
    'ping',
    'systemd',
    'systemctl',
    'udevadm',
  ],
})
const FILES = ['test/vm/systemd/agent-service.ts', 'test/vm/systemd/coexistence.ts']

test('the agent as a service of systemd', { ...NEEDS, timeout: 1_190_000 }, async (t) => {
  const folder = mkdtempSync('/var/tmp/warren-install-')
  t.after(() => rmSync(folder, { recursive: true }))
  stagePackages(folder)
  for (const { name, status, durationMs, reason = '' } of await resultsInMachine(folder)) {
    await t.test(name, (inner) => {
      inner.diagnostic(`${(durationMs / 1000).toFixed(1)} s in the machine`)
      assert.equal(status, 'passed', reason)
    })
  }
})

/**
 * As it is, as a newer version, and as one whose agent ends as soon as it starts. Only the first brings its Node along:
 * copying that is dear in a machine, and the others find the one that the machine has.
 */
function stagePackages(folder: string): void {
  mkdirSync(join(folder, 'first'))
  stagePackage(join(folder, 'first'))
  for (const [name, version] of [
    ['second', '0.99.0'],
    ['broken', '1.99.0'],
  ] as const) {
    const copy = join(folder, name)
    cpSync(join(folder, 'first'), copy, { recursive: true, filter: (path) => !path.endsWith('node_modules') })
    mkdirSync(join(copy, 'node_modules'))
    for (const name of readdirSync('node_modules').filter(
      (n) => !n.startsWith('.') && !n.startsWith('node-'),
    ))
      symlinkSync(resolve('node_modules', name), join(copy, 'node_modules', name))
    const manifest = JSON.parse(readFileSync(join(copy, 'package.json'), 'utf8')) as object
    writeFileSync(join(copy, 'package.json'), JSON.stringify({ ...manifest, version }))
  }
  const agent = join(folder, 'broken/dist/programs/agent-run.js')
  writeFileSync(agent, `throw new Error('this version is broken')\n${readFileSync(agent, 'utf8')}`)
}

async function resultsInMachine(folder: string): Promise<readonly TestResult[]> {
  const out = join(folder, 'out')
  mkdirSync(out)
  writeFileSync(join(out, JOBS_FILE), JSON.stringify(FILES.map((file) => ({ file }))))
  let said = ''
  const end = await runInMachine({
    image: prepareMachine(),
    systemd: true,
    command: [process.execPath, resolve('scripts/testing/in-machine.ts'), out],
    cwd: process.cwd(),
    env: {
      PATH: process.env['PATH'] ?? '',
      HOME: '/root',
      WARREN_PATIENCE: '10',
      WARREN_MACHINE_KERNEL: '6.1',
      WARREN_MACHINE_LANES: '1',
      WARREN_TEST_PACKAGES: folder,
    },
    timeoutMs: 1_150_000,
    memoryMb: 3072,
    out,
    onStdout: (chunk) => (said += chunk.toString()),
    onStderr: (chunk) => (said += chunk.toString()),
  })
  assert.deepEqual(end, { kind: 'exit', status: 0 }, said)
  return FILES.flatMap((file) => {
    const text = readFileSync(join(out, `${file.replaceAll('/', '_')}.results.json`), 'utf8')
    return JSON.parse(text) as TestResult[]
  })
}
