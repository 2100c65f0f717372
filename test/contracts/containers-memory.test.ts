/** What the resolver remembers between questions, and what it does while a runtime comes and goes. */
import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { test, type TestContext } from 'node:test'
import { openContainers, type ContainersOptions } from '../../src/containers/index.ts'
import { eventually } from '../harness/eventually.ts'
import { fakeContainerd } from './containers/fake-containerd.ts'
import { fakeCri } from './containers/fake-cri.ts'
import { fakeEngine, type FakeEngine } from './containers/fake-engine.ts'
import type { ContainerWorld } from './containers/world.ts'

const NO_LOOKING = { lookEveryMs: 1 << 30, askEveryMs: 1 << 30 }

test('while events are heard, what was found is not asked for again', async (t) => {
  const world = (await fakeEngine('docker').open(t)) as FakeEngine
  await world.start()
  const { containers, told } = open(t, world, NO_LOOKING)
  await containers.resolve(world.ref)
  await eventually(() => told.length > 0)
  const first = await containers.resolve(world.ref)
  const asked = world.questions()
  for (let i = 0; i < 5; i++) assert.deepEqual(await containers.resolve(world.ref), first)
  assert.equal(world.questions(), asked)
  await world.stop()
  // Not even before the event came: the process is not there.
  assert.equal((await containers.resolve(world.ref)).kind, 'absent')
})

for (const kind of ['docker', 'podman'] as const)
  test(`${kind}: an id may be shortened to twelve digits, and a name is not taken for the beginning of one`, async (t) => {
    const world = await fakeEngine(kind).open(t)
    await world.start()
    const containers = openContainers(world.options)
    t.after(() => containers.close())
    for (const name of ['629aa6c999ca', '629aa6c999ca18999452854c04e39ea00f94b3ac30e98413d7bb80946bb1aa57'])
      assert.equal((await containers.resolve({ kind, name })).kind, 'found')
    assert.equal((await containers.resolve({ kind, name: '629aa6' })).kind, 'absent')
  })

test('nobody watching, every question is asked', async (t) => {
  const world = (await fakeEngine('docker').open(t)) as FakeEngine
  await world.start()
  const containers = openContainers(world.options)
  t.after(() => containers.close())
  await containers.resolve(world.ref)
  const asked = world.questions()
  await containers.resolve(world.ref)
  assert.equal(world.questions(), asked + 1)
})

for (const kind of [
  fakeEngine('docker'),
  fakeEngine('podman'),
  fakeContainerd,
  fakeCri('pod', { events: true }),
])
  test(`${kind.name} goes: its container is still found, until it ends`, async (t) => {
    const world = await kind.open(t)
    await world.start()
    const { containers } = open(t, world, NO_LOOKING)
    const before = await containers.resolve(world.ref)
    assert.equal(before.kind, 'found')
    await world.stopRuntime()
    assert.deepEqual(await containers.resolve(world.ref), before)
    await world.stop()
    assert.equal((await containers.resolve(world.ref)).kind, 'unknown')
  })

for (const kind of [fakeEngine('docker'), fakeContainerd])
  test(`${kind.name} that comes later, or again, is heard of`, async (t) => {
    const world = await kind.open(t)
    await world.start()
    await world.stopRuntime()
    const { containers, told } = open(t, world, NO_LOOKING)
    assert.equal((await containers.resolve(world.ref)).kind, 'unknown')
    await world.startRuntime?.()
    await eventually(() => told.length > 0)
    assert.equal((await containers.resolve(world.ref)).kind, 'found')
  })

test('an unknown container is asked for again by itself', async (t) => {
  const world = await fakeCri('pod', { events: false }).open(t)
  const { containers, told } = open(t, world, { lookEveryMs: 1 << 30, askEveryMs: 20 })
  assert.equal((await containers.resolve(world.ref)).kind, 'absent')
  await world.start()
  await eventually(() => told.length > 0)
  assert.equal((await containers.resolve(world.ref)).kind, 'found')
})

test('a process and a namespace are looked after without any runtime', async (t) => {
  const world = await fakeEngine('docker').open(t)
  await world.start()
  const found = await openOnce(world)
  const pid = Number(/(\d+)\/ns\/net$/.exec(found.path)?.[1])
  const { containers, told } = open(t, world, { lookEveryMs: 10 })
  assert.equal((await containers.resolve({ kind: 'pid', pid })).kind, 'found')
  assert.equal((await containers.resolve({ kind: 'netns', path: found.path })).kind, 'found')
  await world.stop()
  await eventually(() => told.length === 2)
  assert.ok(!existsSync(found.path))
  // Told once each: there is nothing new until they are asked about again.
  assert.equal((await containers.resolve({ kind: 'pid', pid })).kind, 'absent')
})

async function openOnce(world: ContainerWorld) {
  const containers = openContainers(world.options)
  const answer = await containers.resolve(world.ref)
  containers.close()
  if (answer.kind !== 'found') throw new assert.AssertionError({ message: JSON.stringify(answer) })
  return answer
}

function open(t: TestContext, world: ContainerWorld, pace: ContainersOptions) {
  const containers = openContainers({ ...world.options, ...pace })
  const told: unknown[] = []
  containers.watch((ref) => told.push(ref))
  t.after(() => containers.close())
  return { containers, told }
}
