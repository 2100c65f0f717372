/**
 * Changes that are in force for now, with a host and a boot clock in memory (samples.ts): what is refused, what comes
 * back, and that an agent killed at any moment brings back the same.
 */
import assert from 'node:assert/strict'
import { readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { eventually } from '../../../test/harness/eventually.ts'
import { keepFile, PendingChanges } from './pending-change.ts'
import { B, BROKEN, GOOD, HARMLESS, OTHER_B, planText, running, Setup } from './samples.ts'

test('a plan that could cut off whoever pushed last is refused, and what runs stays', async (t) => {
  const s = await running(t)
  const applied = s.host.applied.length
  await s.write(BROKEN)
  await eventually(() => s.agent.status.refusedDigest !== undefined)
  const problem = s.agent.status.problems.find((p) => p.code === 'WouldCutOff')
  assert.match(
    problem?.message ?? '',
    /from 10\.77\.0\.9: it is reached through wg0, peer .* at 198\.51\.100\.1:51820; after `wg set wg0/,
  )
  assert.equal(s.host.applied.length, applied)
  assert.deepEqual(s.peers, [B])
  await eventually(() => s.agent.status.phase === 'Converged')
  await s.stop()
  await s.start()
  assert.deepEqual(s.peers, [B], 'and after a restart of the agent')
  await s.write(HARMLESS)
  await eventually(() => s.agent.status.refusedDigest === undefined && s.agent.status.problems.length === 0)
})

test('a dry run tells whom the change could cut off', async (t) => {
  const s = await running(t)
  await s.stop()
  await s.write(BROKEN)
  const { problems } = await s.make().dryRun()
  assert.deepEqual(
    problems.map((p) => [p.code, p.path, p.severity]),
    [['WouldCutOff', '10.77.0.9', 'warning']],
  )
})

test('keepReachable in agent.yaml protects as the origin does, and taking it out lets the plan in', async (t) => {
  const s = await running(t)
  rmSync(join(s.dir, 'origin.json'))
  writeFileSync(join(s.dir, 'agent.yaml'), 'keepReachable: ["10.77.0.2:22"]\n')
  await s.write(BROKEN)
  await eventually(() =>
    s.agent.status.problems.some((p) => p.code === 'WouldCutOff' && p.path === '10.77.0.2'),
  )
  writeFileSync(join(s.dir, 'agent.yaml'), '{}\n')
  s.host.tell('anything')
  await eventually(() => s.peers[0] === OTHER_B)
})

test('a change that is not confirmed in time is taken back: files, network and all', async (t) => {
  const s = await running(t)
  await s.put(BROKEN)
  await eventually(() => s.agent.status.pending?.awaits === 'confirmation')
  assert.deepEqual(s.peers, [OTHER_B])
  const condition = s.agent.status.conditions.find((c) => c.type === 'Confirmed')
  assert.match(
    condition?.message ?? '',
    /\(pushed\) is taken back at 2023-11-14T22:14:20Z: nobody has confirmed it yet/,
  )
  s.now = { ...s.now, uptimeMs: s.now.uptimeMs + 60_000 }
  await eventually(() => s.peers[0] === B && s.planOnDisk === GOOD)
  await eventually(() => s.agent.status.phase === 'Converged' && s.agent.status.pending === undefined)
  assert.match(
    s.agent.status.conditions.find((c) => c.type === 'Confirmed')?.message ?? '',
    /taken back .*nobody confirmed it within 60 s/,
  )
  assert.ok(s.log.some((line) => line.includes('change taken back')))
})

test('a confirmed change stays, also when its time is over and after a restart', async (t) => {
  const s = await running(t)
  await s.put(BROKEN)
  await eventually(() => s.agent.status.pending?.awaits === 'confirmation')
  assert.equal(await s.changes.confirm('c1'), true)
  await eventually(() => s.agent.status.pending === undefined)
  s.now = { ...s.now, uptimeMs: s.now.uptimeMs + 600_000 }
  await s.stop()
  await s.start()
  assert.deepEqual(s.peers, [OTHER_B])
  assert.equal(s.planOnDisk, BROKEN)
})

test('what was taken back can be put again for good, by whoever says so', async (t) => {
  const s = await running(t)
  rmSync(join(s.dir, 'origin.json'))
  await s.put(BROKEN)
  await eventually(() => s.agent.status.pending?.awaits === 'confirmation')
  s.now = { ...s.now, uptimeMs: s.now.uptimeMs + 61_000 }
  await eventually(() => s.peers[0] === B && s.agent.status.pending === undefined)
  await s.changes.forgetTakenBack()
  await s.write(BROKEN)
  await eventually(() => s.peers[0] === OTHER_B)
})

test('a clock that jumps moves no deadline', async (t) => {
  const s = await running(t)
  await s.put(BROKEN)
  await eventually(() => s.agent.status.pending?.awaits === 'confirmation')
  s.now = { ...s.now, wallMs: s.now.wallMs + 1e10 }
  const seen = s.host.observations
  s.host.tell('anything')
  await eventually(() => s.host.observations > seen)
  assert.deepEqual(s.peers, [OTHER_B])
  assert.equal(await s.changes.confirm('c1'), true)
})

test('after a reboot the plan before is the first thing that is applied', async (t) => {
  const s = await running(t)
  await s.put(BROKEN)
  await eventually(() => s.agent.status.pending?.awaits === 'confirmation')
  await s.stop()
  s.reboot()
  await s.start()
  assert.deepEqual(s.peers, [B])
  assert.ok(!JSON.stringify(s.host.applied).includes(OTHER_B))
  assert.equal(s.planOnDisk, GOOD)
})

test('killed at any moment of a change, an agent that starts in time goes on, and one that starts late takes it back', async (t) => {
  const moments: Record<string, (s: Setup) => Promise<void>> = {
    'the record is written, no file yet': async (s) => {
      await s.stop()
      const files = await Promise.all(['home.lock.yaml', 'home.yaml'].map((f) => keepFile(join(s.plans, f))))
      await s.changes.arm({
        ...{ id: 'c1', reason: 'x', needs: 'confirmation', begun: s.now, withinMs: 60_000, files },
      })
    },
    'the lock is written, the plan is not': async (s) => {
      await s.stop()
      await s.put(BROKEN)
      writeFileSync(join(s.plans, 'home.yaml'), GOOD)
    },
    'both are written, nothing was applied': async (s) => {
      await s.stop()
      await s.put(BROKEN)
    },
    'the change is in force': async (s) => {
      await s.put(BROKEN)
      await eventually(() => s.agent.status.pending?.awaits === 'confirmation')
      await s.stop()
    },
    'taking it back has begun': async (s) => {
      await s.put(BROKEN)
      await eventually(() => s.agent.status.pending?.awaits === 'confirmation')
      await s.stop()
      renameSync(join(s.dir, 'pending/change.json'), join(s.dir, 'pending/undoing.json'))
    },
    'half of the files are back': async (s) => {
      await s.put(BROKEN)
      await eventually(() => s.agent.status.pending?.awaits === 'confirmation')
      await s.stop()
      const { files } = (await s.changes.read()) ?? { files: [] }
      renameSync(join(s.dir, 'pending/change.json'), join(s.dir, 'pending/undoing.json'))
      writeFileSync(files[0]?.path ?? '', files[0]?.text ?? '')
    },
  }
  for (const [moment, happen] of Object.entries(moments))
    await t.test(moment, async (t) => {
      const s = await running(t)
      const before = readFileSync(join(s.plans, 'home.lock.yaml'), 'utf8')
      await happen(s)
      s.now = { ...s.now, uptimeMs: s.now.uptimeMs + 61_000 }
      await s.start()
      await eventually(() => s.agent.status.phase === 'Converged')
      assert.deepEqual(s.peers, [B])
      assert.equal(s.planOnDisk, GOOD)
      assert.equal(readFileSync(join(s.plans, 'home.lock.yaml'), 'utf8'), before)
      assert.deepEqual(
        readdirSync(join(s.dir, 'pending')).filter((f) => /change|undoing/.test(f)),
        [],
      )
    })
})

test('an agent that was restarted in time still knows the deadline and who answered before', async (t) => {
  const s = await running(t)
  s.alive.add('10.77.0.9')
  await s.put(BROKEN)
  await eventually(() => s.agent.status.pending?.awaits === 'confirmation')
  await s.stop()
  s.alive.clear()
  await s.start()
  await eventually(() => s.agent.status.pending?.awaits === 'checks')
  assert.deepEqual(s.agent.status.pending?.silent, ['10.77.0.9'])
  s.now = { ...s.now, uptimeMs: s.now.uptimeMs + 61_000 }
  await eventually(() => s.peers[0] === B)
  const taken = await s.changes.takenBack()
  assert.equal(taken?.why, '10.77.0.9 did not answer again within 60 s')
})

test('who is protected with a port is asked at that port, after a restart of the agent too', async (t) => {
  const asked: (string | undefined)[] = []
  const answers = ({ host, port }: { host: string; port: number | undefined }) => {
    asked.push(port === undefined ? host : `${host}:${port}`)
    return Promise.resolve(asked.length === 1)
  }
  const s = await running(t, { answers })
  rmSync(join(s.dir, 'origin.json'))
  writeFileSync(join(s.dir, 'agent.yaml'), 'keepReachable: ["10.77.0.2:22"]\n')
  await s.put(BROKEN)
  await eventually(() => s.agent.status.pending?.awaits === 'checks')
  await s.stop()
  const before = asked.length
  await s.start({ answers })
  await eventually(() => asked.length > before)
  assert.deepEqual([...new Set(asked)], ['10.77.0.2:22'])
})

test('checks that pass late still pass', async (t) => {
  const s = await running(t)
  s.alive.add('10.77.0.9')
  await s.put(BROKEN)
  s.alive.clear()
  await eventually(async () => (await s.changes.progress('c1')) !== undefined)
  await eventually(() => s.agent.status.pending !== undefined)
  s.alive.add('10.77.0.9')
  await eventually(() => s.agent.status.pending?.awaits === 'confirmation')
})

test('a plan that is refused while it waits is gone from the folder when its time is over', async (t) => {
  const s = await running(t)
  await s.put(BROKEN)
  writeFileSync(join(s.plans, 'home.yaml'), 'kind: [')
  await eventually(() => s.agent.status.problems.some((p) => p.code === 'InvalidYaml'))
  assert.deepEqual(s.peers.length, 1)
  s.now = { ...s.now, uptimeMs: s.now.uptimeMs + 61_000 }
  await eventually(() => s.planOnDisk === GOOD && s.agent.status.problems.length === 0)
  await eventually(() => s.peers[0] === B)
})

test('after a refusal, the plan that never ceased to be in force can be pushed and confirmed', async (t) => {
  const s = await running(t)
  await s.write(BROKEN)
  await eventually(() => s.agent.status.refusedDigest !== undefined)
  await s.put(GOOD)
  await eventually(() => s.agent.status.pending?.awaits === 'confirmation')
  assert.equal(s.agent.status.refusedDigest, undefined)
  assert.equal(await s.changes.confirm('c1'), true)
  await eventually(() => s.agent.status.pending === undefined && s.agent.status.problems.length === 0)
})

test('a plan that cannot be written back is refused where it is, and the network goes back all the same', async (t) => {
  const s = await running(t)
  await s.put(BROKEN)
  await eventually(() => s.agent.status.pending?.awaits === 'confirmation')
  const change = await s.changes.read()
  const files =
    change?.files.map((file) => ({ ...file, path: join(s.plans, 'home.yaml', 'below-a-file.yaml') })) ?? []
  writeFileSync(join(s.dir, 'pending/change.json'), JSON.stringify({ ...change, files }))
  s.now = { ...s.now, uptimeMs: s.now.uptimeMs + 61_000 }
  await eventually(() => s.peers[0] === B)
  await eventually(() => s.agent.status.problems.some((p) => p.code === 'PlanTakenBack'))
  await s.stop()
  await s.start()
  assert.deepEqual(s.peers, [B])
  assert.equal(s.planOnDisk, BROKEN)
})

test('a disk that takes no change does not keep the network from going back', async (t) => {
  const s = await running(t)
  await s.put(BROKEN)
  await eventually(() => s.agent.status.pending?.awaits === 'confirmation')
  const disk = t.mock.method(PendingChanges.prototype, 'beginTakingBack', () =>
    Promise.reject(new Error('EROFS')),
  )
  s.now = { ...s.now, uptimeMs: s.now.uptimeMs + 61_000 }
  await eventually(() => s.log.some((line) => line.includes('change taken back')))
  await eventually(() => s.peers[0] === B)
  for (let pass = 0; pass < 3; pass++) {
    const seen = s.host.observations
    s.host.tell('anything')
    await eventually(() => s.host.observations > seen)
    assert.deepEqual(s.peers, [B], 'and it stays')
  }
  disk.mock.restore()
  s.host.tell('anything')
  await eventually(() => s.planOnDisk === GOOD && s.agent.status.problems.length === 0)
  assert.deepEqual(s.peers, [B])
})

test('a second push before the first is confirmed goes back to what was confirmed', async (t) => {
  const s = await running(t)
  await s.put(BROKEN)
  await eventually(() => s.agent.status.pending?.id === 'c1' && s.peers[0] === OTHER_B)
  await s.put(planText(OTHER_B, ', labels: { colour: red }'), 60_000, { id: 'c2' })
  await eventually(
    () => s.agent.status.pending?.id === 'c2' && s.agent.status.pending.awaits === 'confirmation',
  )
  s.now = { ...s.now, uptimeMs: s.now.uptimeMs + 61_000 }
  await eventually(() => s.peers[0] === B && s.planOnDisk === GOOD)
})

test('what is asked for at any price is applied and stays', async (t) => {
  const s = await running(t)
  await s.put(BROKEN, 0, { needs: 'nothing' })
  await eventually(() => s.peers[0] === OTHER_B && s.agent.status.pending === undefined)
  assert.deepEqual(await s.changes.outcome('c1'), { kind: 'confirmed' })
})

test('the first plan of all is taken back to nothing', async (t) => {
  const s = new Setup(t)
  await s.start()
  await s.put(BROKEN)
  await eventually(() => s.agent.status.pending?.awaits === 'confirmation')
  s.now = { ...s.now, uptimeMs: s.now.uptimeMs + 61_000 }
  await eventually(() => s.host.links.length === 0 && s.agent.status.phase === 'Converged')
  assert.match(s.planOnDisk, /^# Taken back/)
})
