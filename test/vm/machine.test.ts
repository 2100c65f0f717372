/**
 * The virtual machine itself: what a command in it says and how it ends come back, and nothing stays behind.
 * Needs QEMU and root on this host; the tests that run *inside* a machine only name kernel features.
 */
import assert from 'node:assert/strict'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { runInMachine, type MachineEnd } from '../../scripts/vm/machine.ts'
import { prepareMachine, whyNoMachine } from '../../scripts/vm/prepare.ts'
import { needs } from '../harness/needs.ts'

const inMachine = needs({ root: true, tools: ['qemu-system-x86_64', 'virtiofsd', 'busybox', 'depmod'] })

interface Heard {
  readonly end: MachineEnd
  readonly stdout: string
  readonly stderr: string
}

async function run(
  script: string,
  { out, timeoutMs = 60_000 }: { out?: string; timeoutMs?: number } = {},
): Promise<Heard> {
  assert.equal(whyNoMachine(), undefined)
  let [stdout, stderr] = ['', '']
  const end = await runInMachine({
    image: prepareMachine(),
    command: ['sh', '-c', script],
    cwd: '/',
    env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', QUOTED: `it's "so" ä` },
    timeoutMs,
    onStdout: (chunk) => (stdout += chunk.toString()),
    onStderr: (chunk) => (stderr += chunk.toString()),
    ...(out === undefined ? {} : { out }),
  })
  return { end, stdout, stderr }
}

test(
  'a command in the machine has its own stdout, stderr, environment and exit status',
  inMachine,
  async () => {
    const heard = await run(`uname -r; printf %s "$QUOTED"; echo trouble >&2; exit 7`)
    assert.deepEqual(heard.end, { kind: 'exit', status: 7 })
    assert.equal(heard.stdout, `${prepareMachine().release}\nit's "so" ä`)
    assert.equal(heard.stderr, 'trouble\n')
  },
)

test('what the machine writes is lost, save in the folder for its output', inMachine, async () => {
  const out = mkdtempSync('/var/tmp/warren-machine-out-')
  const elsewhere = `${out}-lost`
  try {
    await run(`echo kept > ${out}/kept; echo lost > ${elsewhere}; cat ${elsewhere} > ${out}/seen`, { out })
    assert.equal(readFileSync(join(out, 'kept'), 'utf8'), 'kept\n')
    assert.equal(readFileSync(join(out, 'seen'), 'utf8'), 'lost\n')
    assert.equal(existsSync(elsewhere), false)
  } finally {
    rmSync(out, { recursive: true })
  }
})

test(
  'a kernel that panics is told apart from a command that fails, with the console',
  inMachine,
  async () => {
    const { end } = await run('echo c > /proc/sysrq-trigger; sleep 10')
    assert.equal(end.kind, 'died')
    assert.match('console' in end ? end.console : '', /sysrq|panic/i)
  },
)

test('a machine that takes too long is stopped, and leaves no process', inMachine, async () => {
  const { end } = await run('echo begun; sleep 600', { timeoutMs: 8000 })
  assert.equal(end.kind, 'timeout')
  assert.deepEqual(childrenOf(process.pid), [])
})

function childrenOf(pid: number): string[] {
  const list = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim()
  return list.split(' ').filter((child) => child !== '' && isAlive(child))
}

function isAlive(pid: string): boolean {
  try {
    return !/\) Z /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'))
  } catch {
    return false // gone since the list was read
  }
}
