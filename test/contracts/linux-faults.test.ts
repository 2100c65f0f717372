/**
 * What our netlink code makes of a kernel that refuses, is slow, loses answers or loses events: the same over the kernel
 * in memory and the real one, with the faults of src/linux/fake/faulty-syscalls.ts in between.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  EBUSY,
  EEXIST,
  ENODEV,
  ENOMEM,
  isKernelError,
  RouteNetlink,
  type RouteEvent,
  RTM_NEWADDR,
  RTM_NEWLINK,
  watchRouteEvents,
} from '../../src/linux/index.ts'
import { isChange, withFaults } from '../../src/linux/fake/index.ts'
import { eventually } from '../harness/eventually.ts'
import { ownLinks, worlds } from './linux-worlds.ts'

for (const { name, options, open } of worlds(['bridge'])) {
  for (const [code, errno] of Object.entries({ EBUSY, EEXIST, ENODEV, ENOMEM })) {
    test(`${name}: ${code} from a request is thrown once, and nothing was done`, options, (t) => {
      const { sys, netns } = open(t)
      const { sys: faulty, inject, struck } = withFaults(sys)
      const route = RouteNetlink.open(faulty, { netns })
      t.after(() => route.close())
      inject({ type: RTM_NEWLINK, errno })
      const add = (): void => route.addLink({ name: 'br0', kind: 'bridge' })
      assert.throws(add, (error) => isKernelError(error, code))
      assert.equal(ownLinks(route).length, 1)
      add()
      assert.deepEqual([ownLinks(route).length, struck()], [2, 1])
    })
  }

  test(`${name}: a refusal in the middle of a batch is that request's alone`, options, (t) => {
    const { sys, netns } = open(t)
    const { sys: faulty, inject } = withFaults(sys)
    const route = RouteNetlink.open(faulty, { netns })
    t.after(() => route.close())
    route.addLink({ name: 'br0', kind: 'bridge' })
    let seen = 0
    inject({ matches: ({ type }) => type === RTM_NEWADDR && ++seen === 3, errno: ENOMEM })
    const failures = route.batch((requests) => {
      for (let host = 0; host < 5; host++)
        requests.addAddress({ link: 'br0', local: `10.0.${host}.1`, prefixLength: 24 })
    })
    assert.deepEqual(
      failures.map(({ request, error }) => [request, isKernelError(error, 'ENOMEM')]),
      [[2, true]],
    )
    assert.deepEqual(
      route
        .addresses()
        .filter(({ family }) => family === 'inet')
        .map(({ local }) => local),
      ['10.0.0.1', '10.0.1.1', '10.0.3.1', '10.0.4.1'],
    )
  })

  test(`${name}: a look that is refused is thrown too`, options, (t) => {
    const { sys, netns } = open(t)
    const { sys: faulty, inject } = withFaults(sys)
    const route = RouteNetlink.open(faulty, { netns })
    t.after(() => route.close())
    inject({ errno: ENOMEM })
    assert.throws(() => route.links(), /cannot list links: the kernel returned ENOMEM/)
    assert.equal(ownLinks(route).length, 1)
  })

  test(`${name}: a lost answer is ENOBUFS, and the change is there`, options, (t) => {
    const { sys, netns } = open(t)
    const { sys: faulty, inject } = withFaults(sys)
    const route = RouteNetlink.open(faulty, { netns })
    t.after(() => route.close())
    inject({ matches: isChange, answer: 'lost' })
    assert.throws(
      () => route.addLink({ name: 'br0', kind: 'bridge' }),
      (error) => isKernelError(error, 'ENOBUFS'),
    )
    assert.equal(route.link('br0')?.kind, 'bridge')
    assert.throws(
      () => route.addLink({ name: 'br0', kind: 'bridge' }),
      (error) => isKernelError(error, 'EEXIST'),
    )
  })

  test(`${name}: a request that has to wait is done when its time comes`, options, (t) => {
    const { sys, netns } = open(t)
    const { sys: faulty, inject } = withFaults(sys)
    const route = RouteNetlink.open(faulty, { netns })
    t.after(() => route.close())
    inject({ matches: isChange, delayMs: 20 })
    route.addLink({ name: 'br0', kind: 'bridge' })
    assert.equal(route.link('br0')?.kind, 'bridge')
  })

  test(
    `${name}: events that are lost on purpose are an overrun, and later ones arrive`,
    options,
    async (t) => {
      const { sys, watcher, netns, route } = open(t)
      const { sys: faulty, loseEvents } = withFaults(sys)
      const seen = { events: [] as RouteEvent[], overruns: 0 }
      const handlers = {
        onEvent: (event: RouteEvent) => void seen.events.push(event),
        onOverrun: () => void seen.overruns++,
      }
      const watch = watchRouteEvents(faulty, watcher, handlers, { netns })
      t.after(() => watch.close())
      loseEvents()
      route.addRule({ family: 'inet', table: 1 })
      await eventually(() => seen.overruns === 1)
      assert.deepEqual(seen.events, [])
      route.addRule({ family: 'inet', table: 2 })
      await eventually(() => seen.events.some((event) => event.kind === 'rule' && event.rule.table === 2))
      assert.equal(seen.overruns, 1)
    },
  )
}
