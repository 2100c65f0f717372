/**
 * `warren node put --confirm-within`, `warren confirm` and `warren node confirm` as commands, with folders in place of
 * /etc, /var/lib and /run and a status file in place of an agent. What an agent does about it is in
 * src/agent/commit-confirm and push-over-tunnel.test.ts.
 */
import assert from 'node:assert/strict'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'

import { formatAllocations, NO_ALLOCATIONS } from '../../src/model/index.ts'
import { type Ended, filesBelow, runWarren, temporaryDirectory } from './run-warren.ts'

const PLAN = `apiVersion: v1
kind: Secret
metadata: { name: NAME }
stringData: { key: ODyTjMvoLv5lLk2vXfQXQYjXGiJ5fMGi2jTO3VtFtVU= }
`
const bundle = (name: string): string =>
  JSON.stringify({
    version: 1,
    objects: PLAN.replace('NAME', name),
    allocations: formatAllocations(NO_ALLOCATIONS),
  })

interface Machine {
  readonly run: (args: readonly string[], input?: string) => Promise<Ended>
  readonly files: () => ReturnType<typeof filesBelow>
  /** What the agent says from now on. */
  readonly says: (change: object) => void
}

function machine(t: TestContext): Machine {
  const directory = temporaryDirectory(t)
  const env = {
    ...{ WARREN_PLANS_DIR: join(directory, 'plans'), WARREN_STATE_DIR: join(directory, 'state') },
    ...{ WARREN_RUN_DIR: join(directory, 'run'), SSH_CONNECTION: '192.0.2.7 50000 192.0.2.2 22' },
  }
  mkdirSync(join(directory, 'run'))
  const says = (change: object): void => {
    const status = {
      pid: process.pid,
      digest: '',
      phase: 'Converged',
      conditions: [],
      problems: [],
      interfaces: [],
    }
    writeFileSync(join(directory, 'run/agent.json'), JSON.stringify({ ...status, links: [], ...change }))
  }
  return {
    run: (args, input = '') => runWarren(args, { env, input }),
    files: () => filesBelow(directory),
    says,
  }
}

const put = (m: Machine, name: string, ...more: string[]): Promise<Ended> =>
  m.run(['node', 'put', 'home', ...more], bundle(name))

test('what was there is kept before a plan is written, readable by root alone, with where it came from', async (t) => {
  const m = machine(t)
  m.says({ guarded: true })
  const first = await put(m, 'first')
  assert.equal(first.status, 0, first.stderr)
  const { status, stdout } = await put(m, 'second', '--confirm-within', '1m', '--change', 'c1')
  assert.equal(status, 0)
  const { pending } = JSON.parse(stdout) as { pending: { id: string } }
  assert.equal(pending.id, 'c1')
  const files = m.files()
  assert.equal(files['state/pending/change.json']?.mode, 0o600)
  const change = JSON.parse(files['state/pending/change.json']?.text ?? '') as Record<string, unknown>
  assert.deepEqual(
    [change['withinMs'], change['reason'], change['needs']],
    [60_000, 'pushed from 192.0.2.7', 'confirmation'],
  )
  assert.match(files['state/pending/change.json']?.text ?? '', /name: first/)
  assert.match(files['plans/home.yaml']?.text ?? '', /name: second/)
  assert.deepEqual(JSON.parse(files['state/origin.json']?.text ?? ''), {
    address: '192.0.2.7',
    from: '192.0.2.2',
  })
})

test('without an agent that can take it back, or without a difference, nothing waits', async (t) => {
  const m = machine(t)
  const first = await put(m, 'first', '--confirm-within', '60s')
  assert.equal((JSON.parse(first.stdout) as { pending: unknown }).pending, null)
  m.says({ guarded: true })
  const again = await put(m, 'first', '--confirm-within', '60s')
  assert.equal((JSON.parse(again.stdout) as { pending: unknown }).pending, null)
  assert.equal(m.files()['state/pending/change.json'], undefined)
})

test('warren confirm keeps what waits, and says so when nothing does', async (t) => {
  const m = machine(t)
  m.says({ guarded: true })
  await put(m, 'first', '--confirm-within', '60s')
  const { status, stdout } = await m.run(['confirm'])
  assert.equal(status, 0)
  assert.equal(stdout, 'Confirmed: the change (pushed from 192.0.2.7) stays.\n')
  const again = await m.run(['confirm'])
  assert.deepEqual(
    [again.status, again.stderr],
    [1, 'warren: no change waits to be confirmed on this machine\n'],
  )
})

test('warren confirm --take-back hands the change to the agent', async (t) => {
  const m = machine(t)
  m.says({ guarded: true })
  await put(m, 'first', '--confirm-within', '60s')
  assert.equal((await m.run(['confirm', '--take-back'])).status, 0)
  assert.ok(m.files()['state/pending/undoing.json'])
  assert.equal((await m.run(['confirm'])).status, 1)
})

test('node confirm keeps only what is applied and passes its checks', async (t) => {
  const m = machine(t)
  m.says({ guarded: true })
  await put(m, 'first', '--confirm-within', '60s', '--change', 'c1')
  const ask = async (...more: string[]): Promise<unknown> =>
    JSON.parse((await m.run(['node', 'confirm', 'c1', '--wait', '0', ...more])).stdout)
  assert.deepEqual(await ask(), { kind: 'pending', awaits: 'application' })
  const pending = { id: 'c1', reason: '', untilMs: 0, silent: ['192.0.2.7'] }
  m.says({ guarded: true, pending: { ...pending, awaits: 'checks' } })
  assert.deepEqual(await ask(), { kind: 'pending', awaits: 'checks', silent: ['192.0.2.7'] })
  m.says({ guarded: true, pending: { ...pending, silent: [], awaits: 'confirmation' } })
  assert.deepEqual(await ask('--look'), { kind: 'pending', awaits: 'confirmation', silent: [] })
  assert.deepEqual(await ask(), { kind: 'confirmed' })
  assert.deepEqual(await ask(), { kind: 'confirmed' }, 'and again')
  assert.equal(m.files()['state/pending/change.json'], undefined)
})

test('a plan that is to stay ends the wait of the one before it', async (t) => {
  const m = machine(t)
  m.says({ guarded: true })
  await put(m, 'first', '--confirm-within', '60s')
  assert.ok(m.files()['state/pending/change.json'])
  assert.equal((await put(m, 'second')).status, 0)
  assert.equal(m.files()['state/pending/change.json'], undefined)
})

test('node status shows a change that waits and how to keep it', async (t) => {
  const m = machine(t)
  const condition = {
    type: 'Confirmed',
    status: false,
    reason: 'Pending',
    message: 'the change (pushed) is taken back soon',
  }
  const pending = { id: 'c1', reason: 'pushed', untilMs: 0, silent: [], awaits: 'confirmation' }
  m.says({ node: 'a', pending, conditions: [condition] })
  const { stdout } = await m.run(['node', 'status'])
  assert.match(
    stdout,
    /a: Converged\npending: the change \(pushed\) is taken back soon\n {2}keep it with: warren confirm\n/,
  )
})

test('times, names and places that make no sense are refused before anything is written', async (t) => {
  const m = machine(t)
  for (const args of [
    ['node', 'put', 'home', '--confirm-within', '0'],
    ['node', 'put', 'home', '--confirm-within', '1h'],
    ['node', 'put', 'home', '--change', '../x'],
    ['node', 'confirm', '../x'],
    ['agent', '--confirm-within', '60s', '--source', 'file:/nowhere'],
  ]) {
    const { status, stderr } = await m.run(args, bundle('first'))
    assert.equal(status, 2, `${args.join(' ')}: ${stderr}`)
  }
  assert.deepEqual(m.files(), {})
})
