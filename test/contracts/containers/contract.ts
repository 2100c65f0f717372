/**
 * What a resolver promises, whatever runs the containers.
 *
 *   test ──▶ resolver ──▶ socket ──▶ runtime ──▶ container (a process)
 *                └────────────────▶ /proc ◀────────────┘
 */
import assert from 'node:assert/strict'
import { readlinkSync } from 'node:fs'
import { test, type TestContext } from 'node:test'
import { openContainers, type ContainerResolver, type Found } from '../../../src/containers/index.ts'
import type { ContainerRef } from '../../../src/model/index.ts'
import { eventually, patiently } from '../../harness/eventually.ts'
import type { ContainerWorld, ContainerWorldKind } from './world.ts'

/** Only what the runtime itself tells. */
const EVENTS_ONLY = { lookEveryMs: 1 << 30, askEveryMs: 1 << 30 }
/** As if no event ever came. */
const SOON = { lookEveryMs: 20, askEveryMs: 50 }

export const contractOfContainers = (kind: ContainerWorldKind): void => {
  const options = { ...kind.options, timeout: patiently(120_000) }

  test(`${kind.name}: what it never had is absent`, options, async (t) => {
    const { resolver, world } = await open(t, kind)
    const answer = await resolver.resolve(world.never)
    assert.equal(answer.kind, 'absent', JSON.stringify(answer))
  })

  test(`${kind.name}: a container is found while it runs, anew after each start`, options, async (t) => {
    const { resolver, world } = await open(t, kind)
    await world.start()
    const first = await found(resolver, world)
    assert.equal(readlinkSync(first.path), await world.network())
    assert.deepEqual(await resolver.resolve(world.ref), first)
    await world.stop()
    assert.equal((await resolver.resolve(world.ref)).kind, 'absent')
    if (kind.startsOnce) return
    await world.start()
    const second = await found(resolver, world)
    assert.notEqual(second.id, first.id)
    assert.equal(readlinkSync(second.path), await world.network())
  })

  test(`${kind.name}: who watches is told of a start, an end and a restart`, options, async (t) => {
    const { resolver, world } = await open(t, kind, kind.hasEvents ? EVENTS_ONLY : SOON)
    const told = watchFor(t, resolver, world.ref)
    assert.equal((await resolver.resolve(world.ref)).kind, 'absent')
    if (kind.hasEvents) await told('events are heard')
    await world.start()
    await told('it started')
    const before = await eventuallyFound(resolver, world)
    await world.stop()
    await told('it ended')
    await eventually(async () => (await resolver.resolve(world.ref)).kind === 'absent')
    if (kind.startsOnce) return
    await world.start()
    await told('it started again')
    assert.notEqual((await eventuallyFound(resolver, world)).id, before.id)
  })

  test(`${kind.name}: without events, looking and asking again find out the same`, options, async (t) => {
    const { resolver, world } = await open(t, kind, SOON)
    await world.start()
    const { id } = await eventuallyFound(resolver, world)
    const told = watchFor(t, resolver, world.ref)
    await world.stop()
    await told('it ended')
    await eventually(async () => (await resolver.resolve(world.ref)).kind === 'absent')
    if (kind.startsOnce) return
    await world.start()
    await told('it started again')
    assert.notEqual((await eventuallyFound(resolver, world)).id, id)
  })

  test(`${kind.name}: a paused container is still there, and a renamed one is not`, options, async (t) => {
    const { resolver, world } = await open(t, kind)
    await world.start()
    const before = await found(resolver, world)
    const told = watchFor(t, resolver, world.ref)
    await told('events are heard', kind.hasEvents)
    if (world.rename !== undefined) {
      await resolver.resolve(world.ref)
      await world.rename(true)
      await told('it was renamed')
      assert.equal((await resolver.resolve(world.ref)).kind, 'absent')
      await world.rename(false)
      await told('it was renamed back')
    }
    await world.pause?.()
    assert.deepEqual(await eventuallyFound(resolver, world), before)
  })

  test(`${kind.name}: when it cannot be asked, nothing is known but what still runs`, options, async (t) => {
    const { resolver, world } = await open(t, kind)
    await world.start()
    await found(resolver, world)
    await world.stopRuntime()
    const fresh = openContainers(world.options)
    t.after(() => fresh.close())
    assert.equal((await fresh.resolve(world.ref)).kind, 'unknown')
  })
}

async function open(t: TestContext, kind: ContainerWorldKind, pace: object = {}) {
  const world = await kind.open(t)
  const resolver = openContainers({ ...world.options, ...pace })
  t.after(() => resolver.close())
  return { world, resolver }
}

async function found(resolver: ContainerResolver, world: ContainerWorld): Promise<Found> {
  const answer = await resolver.resolve(world.ref)
  if (answer.kind !== 'found') throw new assert.AssertionError({ message: JSON.stringify(answer) })
  return answer
}

function eventuallyFound(resolver: ContainerResolver, world: ContainerWorld): Promise<Found> {
  return eventually(() => found(resolver, world), { what: 'the container is found' })
}

/** Waits for the next call of the watcher; what came before the wait counts only once. */
function watchFor(t: TestContext, resolver: ContainerResolver, ref: ContainerRef) {
  let calls = 0
  let seen = 0
  const watch = resolver.watch((changed) => {
    assert.deepEqual(changed, ref)
    calls++
  })
  t.after(() => watch.close())
  return async (what: string, when = true): Promise<void> => {
    if (when) await eventually(() => calls > seen, { what })
    seen = calls
  }
}
