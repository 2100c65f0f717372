/** The contract of watchRouteEvents(): what wakes the agent, held against the kernel in memory and the real one. */
import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { type RouteEvent, watchRouteEvents } from '../../src/linux/index.ts'
import { eventually } from '../harness/eventually.ts'
import { type World, worlds } from './linux-worlds.ts'

const watched = (t: TestContext, { sys, watcher, netns }: World, receiveBufferBytes?: number) => {
  const events: RouteEvent[] = []
  const seen = { events, overruns: 0 }
  const watch = watchRouteEvents(
    sys,
    watcher,
    { onEvent: (event) => void events.push(event), onOverrun: () => void seen.overruns++ },
    { netns, ...(receiveBufferBytes !== undefined && { receiveBufferBytes }) },
  )
  t.after(() => watch.close())
  return seen
}

const textOf = (event: RouteEvent): string => {
  switch (event.kind) {
    case 'link':
    case 'link-gone':
      return `${event.kind} ${event.link.name} ${event.link.up ? 'up' : 'down'}`
    case 'address':
    case 'address-gone':
      return `${event.kind} ${event.address.local}`
    case 'route':
    case 'route-gone':
      return `${event.kind} ${event.route.destination} table ${event.route.table}`
    case 'rule':
    case 'rule-gone':
      return `${event.kind} table ${event.rule.table}`
  }
}

for (const { name, options, open } of worlds(['bridge', 'veth'])) {
  test(`${name}: every kind of change is announced`, options, async (t) => {
    const world = open(t)
    const { route } = world
    const { events } = watched(t, world)
    route.addLink({ name: 'br0', kind: 'bridge' })
    route.setLink('br0', { up: true })
    route.addAddress({ link: 'br0', local: '10.0.0.1', prefixLength: 24 })
    route.addRoute({ destination: '10.9.0.0/16', link: 'br0' })
    route.addRule({ family: 'inet', table: 51820 })
    route.deleteRule({ family: 'inet', table: 51820 })
    route.deleteRoute({ destination: '10.9.0.0/16' })
    route.deleteAddress({ link: 'br0', local: '10.0.0.1', prefixLength: 24 })
    route.deleteLink('br0')
    const wanted = [
      'link br0 down',
      'link br0 up',
      'address 10.0.0.1',
      'route 10.0.0.0/24 table 254',
      'route 10.9.0.0/16 table 254',
      'rule table 51820',
      'rule-gone table 51820',
      'route-gone 10.9.0.0/16 table 254',
      'address-gone 10.0.0.1',
      'link-gone br0 down',
    ]
    await eventually(() => events.some(({ kind }) => kind === 'link-gone'))
    const seen = events.map(textOf)
    let from = 0
    for (const text of wanted) {
      const at = seen.findIndex((line, index) => index >= from && line === text)
      assert.notEqual(at, -1, `${text} missing or out of order in:\n${seen.join('\n')}`)
      from = at
    }
  })

  test(`${name}: a port that leaves its bridge is not announced as gone`, options, async (t) => {
    const world = open(t)
    const { route } = world
    route.addLink({ name: 'br0', kind: 'bridge', up: true })
    route.addLink({ name: 'a', kind: 'veth', master: 'br0', up: true, peer: { name: 'b' } })
    const { events } = watched(t, world)
    route.setLink('a', { master: null })
    route.addRule({ family: 'inet', table: 1 })
    await eventually(() => events.some(({ kind }) => kind === 'rule'))
    assert.ok(events.some((event) => event.kind === 'link' && event.link.name === 'a'))
    assert.deepEqual(
      events.filter(({ kind }) => kind === 'link-gone'),
      [],
    )
  })

  test(`${name}: lost events are reported once, and later ones arrive again`, options, async (t) => {
    const world = open(t)
    const { route } = world
    const seen = watched(t, world, 4096)
    route.addLink({ name: 'br0', kind: 'bridge', up: true })
    route.batch((requests) => {
      for (let host = 0; host < 250; host++) {
        requests.addAddress({ link: 'br0', local: `10.0.${host}.1`, prefixLength: 24 })
      }
    })
    await eventually(() => seen.overruns > 0)
    assert.equal(seen.overruns, 1)
    const before = seen.events.length
    route.addRule({ family: 'inet', table: 4711 })
    await eventually(() =>
      seen.events.slice(before).some((event) => event.kind === 'rule' && event.rule.table === 4711),
    )
  })

  test(`${name}: after close() nothing more is announced`, options, async (t) => {
    const world = open(t)
    const { sys, watcher, netns, route } = world
    const seen: RouteEvent[] = []
    const handlers = { onEvent: (event: RouteEvent) => void seen.push(event), onOverrun: () => undefined }
    const watch = watchRouteEvents(sys, watcher, handlers, { netns })
    watch.close()
    watch.close()
    const { events } = watched(t, world)
    route.addRule({ family: 'inet', table: 1 })
    await eventually(() => events.length > 0)
    assert.deepEqual(seen, [])
  })

  test(`${name}: a handler may close its own watch, and is called no more`, options, async (t) => {
    const world = open(t)
    const { sys, watcher, netns, route } = world
    const { events } = watched(t, world)
    let called = 0
    const handlers = {
      onEvent: () => {
        called++
        watch.close()
      },
      onOverrun: () => undefined,
    }
    const watch = watchRouteEvents(sys, watcher, handlers, { netns })
    route.batch((requests) => {
      for (let table = 1; table <= 5; table++) requests.addRule({ family: 'inet', table })
    })
    await eventually(() => events.length >= 5 && called > 0)
    assert.equal(called, 1)
  })
}
