/** The record of a change that waits: who wins, what is written back, and what a crash in between leaves. */
import assert from 'node:assert/strict'
import { existsSync, mkdtempSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { keepFile, PendingChanges } from './pending-change.ts'
import type { PendingChange } from './pending-change.ts'

const setUp = (t: TestContext) => {
  const dir = mkdtempSync(join(tmpdir(), 'warren-pending-'))
  t.after(() => rmSync(dir, { recursive: true }))
  const plan = join(dir, 'home.yaml')
  return { dir, plan, lock: join(dir, 'home.lock.yaml'), changes: new PendingChanges(dir) }
}

const change = (id: string, files: PendingChange['files'] = []): PendingChange => ({
  ...{ id, reason: 'pushed', needs: 'confirmation', withinMs: 60_000, files },
  begun: { bootId: 'one', uptimeMs: 0, wallMs: 0 },
})
const taken = (id: string) => ({ id, why: 'nobody confirmed it', atMs: 1, digest: 'd' })

test('a record that is damaged is none', async (t) => {
  const { dir, changes } = setUp(t)
  await changes.arm(change('a'))
  const whole = change('a', [{ path: '/etc/warren/plan.yaml', text: '', mode: 0o600 }])
  for (const damaged of [
    '{}',
    '[]',
    'null',
    '{"id":"a"}',
    JSON.stringify({ ...whole, begun: undefined }),
    JSON.stringify({ ...whole, files: [{ path: 'plan.yaml', text: '', mode: 0o600 }] }),
    JSON.stringify({ ...whole, files: [{ path: '/etc/x', text: '', mode: 0o4755 }] }),
  ]) {
    for (const name of ['change', 'undoing', 'taken-back', 'progress'])
      writeFileSync(join(dir, `pending/${name}.json`), damaged)
    assert.equal(await changes.read(), undefined, damaged)
    assert.equal(await changes.undoing(), undefined, damaged)
    assert.equal(await changes.takenBack(), undefined, damaged)
    assert.equal(await changes.progress('a'), undefined, damaged)
  }
  await changes.arm(whole)
  assert.deepEqual(await changes.read(), whole)
})

test('of a confirmation and a deadline exactly one wins', async (t) => {
  const { changes } = setUp(t)
  await changes.arm(change('a'))
  const won = await Promise.all([changes.confirm('a'), changes.beginTakingBack('a')])
  assert.equal(won.filter(Boolean).length, 1)
  assert.equal(await changes.confirm('a'), false)
  assert.equal(await changes.beginTakingBack('a'), false)
})

test('a change is confirmed by its own name only, and what it kept is forgotten', async (t) => {
  const { dir, plan, changes } = setUp(t)
  writeFileSync(plan, 'privateKey: secret', { mode: 0o600 })
  await changes.arm(change('a', [await keepFile(plan)]))
  assert.equal(await changes.confirm('b'), false)
  assert.deepEqual(await changes.outcome('a'), { kind: 'pending' })
  assert.equal(await changes.confirm('a'), true)
  assert.deepEqual(await changes.outcome('a'), { kind: 'confirmed' })
  assert.doesNotMatch(readFileSync(join(dir, 'pending/confirmed.json'), 'utf8'), /secret/)
})

test('what may hold keys is 0600 in a folder of 0700', async (t) => {
  const { dir, plan, changes } = setUp(t)
  writeFileSync(plan, 'privateKey: secret')
  await changes.arm(change('a', [await keepFile(plan)]))
  assert.equal(statSync(join(dir, 'pending')).mode & 0o777, 0o700)
  assert.equal(statSync(join(dir, 'pending/change.json')).mode & 0o777, 0o600)
})

test('a second change before the first was confirmed goes back to what was confirmed last', async (t) => {
  const { plan, changes } = setUp(t)
  writeFileSync(plan, 'confirmed')
  await changes.arm(change('a', [await keepFile(plan)]))
  writeFileSync(plan, 'first')
  await changes.arm(change('b', [await keepFile(plan)]))
  writeFileSync(plan, 'second')
  assert.equal(await changes.beginTakingBack('a'), false, 'the first is none any more')
  assert.equal(await changes.beginTakingBack('b'), true)
  const undoing = await changes.undoing()
  assert.ok(undoing)
  await changes.finishTakingBack(undoing, taken('b'))
  assert.equal(readFileSync(plan, 'utf8'), 'confirmed')
  assert.deepEqual(await changes.outcome('b'), { kind: 'taken-back', ...taken('b') })
})

test('a plan that was not there before becomes one that wants nothing, and its lock goes', async (t) => {
  const { plan, lock, changes } = setUp(t)
  await changes.arm(change('a', [await keepFile(plan), await keepFile(lock)]))
  writeFileSync(plan, 'new')
  writeFileSync(lock, 'new')
  await changes.beginTakingBack('a')
  await changes.finishTakingBack(change('a', (await changes.undoing())?.files), taken('a'))
  assert.match(readFileSync(plan, 'utf8'), /^#/)
  assert.ok(!existsSync(lock))
})

test('killed at any moment of taking back, doing it again gives the same', async (t) => {
  const { dir, plan, lock, changes } = setUp(t)
  const moments: Record<string, () => void> = {
    'before anything was written': () => {},
    'between the two files': () => writeFileSync(lock, 'old lock'),
    'with half a file written beside': () => writeFileSync(join(dir, '.home.yaml.new'), 'ol'),
    'after both files': () => {
      writeFileSync(lock, 'old lock')
      writeFileSync(plan, 'old plan')
    },
    'after the last word': () =>
      writeFileSync(join(dir, 'pending/taken-back.json'), JSON.stringify(taken('a'))),
  }
  for (const [moment, happen] of Object.entries(moments)) {
    writeFileSync(plan, 'old plan', { mode: 0o640 })
    writeFileSync(lock, 'old lock')
    await changes.arm(change('a', [await keepFile(lock), await keepFile(plan)]))
    writeFileSync(plan, 'new plan')
    writeFileSync(lock, 'new lock')
    renameSync(join(dir, 'pending/change.json'), join(dir, 'pending/undoing.json'))
    happen()
    const left = await changes.undoing()
    assert.ok(left, moment)
    await changes.finishTakingBack(left, taken('a'))
    assert.equal(readFileSync(plan, 'utf8'), 'old plan', moment)
    assert.equal(readFileSync(lock, 'utf8'), 'old lock', moment)
    assert.equal(statSync(plan).mode & 0o777, 0o640, moment)
    assert.equal(await changes.undoing(), undefined, moment)
    assert.equal((await changes.outcome('a')).kind, 'taken-back', moment)
  }
})
