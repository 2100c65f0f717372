/** EndpointResolver: never waits, remembers, and asks again only when told to and not too often. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { EndpointResolver } from './endpoint-resolver.ts'
import { FakeClock } from './fake-clock.ts'

const hub = { host: 'hub.example', port: 51820 }

const setUp = () => {
  const clock = new FakeClock()
  const world = { answers: ['192.0.2.1'] as readonly string[] | undefined, asked: 0, told: 0 }
  const resolver = new EndpointResolver({
    clock,
    lookup: () => {
      world.asked++
      return world.answers === undefined
        ? Promise.reject(new Error('ENOTFOUND'))
        : Promise.resolve(world.answers)
    },
    onAnswer: () => world.told++,
  })
  return { clock, world, resolver }
}

test('an address needs no lookup', () => {
  const { resolver, world } = setUp()
  assert.deepEqual(resolver.candidates({ host: '2001:db8::1', port: 5 }), ['[2001:db8::1]:5'])
  assert.equal(world.asked, 0)
})

test('a name has no address until it is answered, and that is told', async () => {
  const { resolver, world } = setUp()
  assert.deepEqual(resolver.candidates(hub), [])
  await resolver.settled()
  assert.equal(world.told, 1)
  assert.deepEqual(resolver.candidates(hub), ['192.0.2.1:51820'])
  assert.equal(world.asked, 1)
})

test('a name that does not resolve is asked for again after 30 s, and named meanwhile', async () => {
  const { resolver, world, clock } = setUp()
  world.answers = undefined
  resolver.candidates(hub)
  await resolver.settled()
  assert.deepEqual(resolver.unresolved(), ['hub.example'])
  resolver.candidates(hub)
  assert.equal(world.asked, 1)
  clock.advance(30_000)
  world.answers = ['192.0.2.9']
  resolver.candidates(hub)
  await resolver.settled()
  assert.deepEqual(resolver.candidates(hub), ['192.0.2.9:51820'])
})

test('looking again tells only of another answer, and a failing resolver keeps the old one', async () => {
  const { resolver, world, clock } = setUp()
  resolver.candidates(hub)
  await resolver.settled()
  resolver.lookAgain(hub)
  assert.equal(world.asked, 1, 'a moment ago is soon enough')
  clock.advance(30_000)
  resolver.lookAgain(hub)
  await resolver.settled()
  assert.equal(world.told, 1)
  clock.advance(30_000)
  world.answers = undefined
  resolver.lookAgain(hub)
  await resolver.settled()
  assert.deepEqual(resolver.candidates(hub), ['192.0.2.1:51820'])
})
