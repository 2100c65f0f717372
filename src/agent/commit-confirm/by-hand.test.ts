/** `warren agent --once --confirm-within`: when checks alone keep a change, and when a person has to. */
import assert from 'node:assert/strict'
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { eventually } from '../../../test/harness/eventually.ts'
import { B, BROKEN, OTHER_B, running } from './samples.ts'

test('agent --once: checks alone keep a change when everybody in danger answers', async (t) => {
  const s = await running(t)
  await s.stop()
  s.alive.add('10.77.0.9')
  await s.write(BROKEN)
  assert.equal(await s.make({ withinMs: 60_000 }).once(), true)
  assert.deepEqual(s.peers, [OTHER_B])
  assert.equal(await s.changes.read(), undefined)
})

test('agent --once: whoever fell silent brings the plan before back, and the same plan is refused from then on', async (t) => {
  const s = await running(t)
  await s.stop()
  await s.write(BROKEN)
  // Answers before the change, and never again.
  const asked: string[] = []
  const answers = ({ host }: { host: string }) => Promise.resolve(asked.push(host) === 1)
  const agent = s.make({ withinMs: 60_000, answers })
  const done = agent.once()
  await eventually(() => agent.status.pending?.awaits === 'checks')
  s.now = { ...s.now, uptimeMs: s.now.uptimeMs + 61_000 }
  assert.equal(await done, false)
  assert.deepEqual(s.peers, [B])
  assert.equal(s.planOnDisk, BROKEN, "a person's files are left alone")
  assert.ok(agent.status.problems.some((p) => p.code === 'PlanTakenBack'))
  await s.start()
  assert.deepEqual(s.peers, [B])
  assert.ok(s.agent.status.problems.some((p) => p.code === 'PlanTakenBack'))
})

test('agent --once: with nobody to ask, a person has to confirm, and interrupting takes the change back', async (t) => {
  const s = await running(t)
  await s.stop()
  rmSync(join(s.dir, 'origin.json'))
  await s.write(BROKEN)
  const agent = s.make({ withinMs: 60_000 })
  const done = agent.once()
  await eventually(() => agent.status.pending?.awaits === 'confirmation')
  assert.deepEqual(s.peers, [OTHER_B])
  await agent.giveUp()
  assert.equal(await done, false)
  assert.deepEqual(s.peers, [B])
})
