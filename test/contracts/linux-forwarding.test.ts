/** The contract of vxlan forwarding entries, held against the kernel in memory and the real one. */
import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import {
  ALL_ZERO_ADDRESS,
  type ForwardingEvent,
  isKernelError,
  type RouteNetlink,
  watchRouteEvents,
} from '../../src/linux/index.ts'
import { eventually } from '../harness/eventually.ts'
import { type World, type WorldKind, worlds } from './linux-worlds.ts'

const MAC = '02:00:00:00:00:01'

const entries = (route: RouteNetlink, link?: string): string[] =>
  route
    .forwarding(link)
    .map(({ hardwareAddress, destination, learned }) =>
      [hardwareAddress, destination, ...(learned ? ['learned'] : [])].join(' '),
    )
    .toSorted()

const withVxlan = (open: WorldKind['open'], t: TestContext, group?: string): World => {
  const world = open(t)
  const settings = { id: 7, port: 4789, ...(group !== undefined && { group }) }
  world.route.addLink({ name: 'vx', kind: 'vxlan', settings })
  return world
}

for (const { name, options, open } of worlds(['vxlan'])) {
  test(`${name}: the address of zeros has many destinations, and each may be added again`, options, (t) => {
    const { route } = withVxlan(open, t)
    const specs = ['10.0.0.2', '10.0.0.3', '10.0.0.4'].map((destination) => ({
      link: 'vx',
      hardwareAddress: ALL_ZERO_ADDRESS,
      destination,
    }))
    for (const spec of [...specs, ...specs]) route.addForwarding(spec)
    assert.deepEqual(
      entries(route),
      specs.map(({ destination }) => `${ALL_ZERO_ADDRESS} ${destination}`),
    )
    const [first] = specs
    assert.ok(first)
    route.deleteForwarding(first)
    assert.deepEqual(entries(route), [`${ALL_ZERO_ADDRESS} 10.0.0.3`, `${ALL_ZERO_ADDRESS} 10.0.0.4`])
  })

  test(`${name}: a multicast address has many destinations too, any other has one`, options, (t) => {
    const { route } = withVxlan(open, t)
    const multicast = '01:00:5e:00:00:02'
    for (const destination of ['10.0.0.2', '10.0.0.3'])
      route.addForwarding({ link: 'vx', hardwareAddress: multicast, destination })
    route.addForwarding({ link: 'vx', hardwareAddress: MAC, destination: '10.0.0.2' })
    for (const destination of ['10.0.0.2', '10.0.0.3']) {
      assert.throws(
        () => route.addForwarding({ link: 'vx', hardwareAddress: MAC, destination }),
        (error) => isKernelError(error, 'EEXIST'),
      )
    }
    assert.deepEqual(entries(route), [`${multicast} 10.0.0.2`, `${multicast} 10.0.0.3`, `${MAC} 10.0.0.2`])
  })

  test(
    `${name}: an entry that is not there cannot be deleted, nor one of a link that is not`,
    options,
    (t) => {
      const { route } = withVxlan(open, t)
      const gone = { hardwareAddress: MAC, destination: '10.0.0.2' }
      assert.throws(
        () => route.deleteForwarding({ link: 'vx', ...gone }),
        /cannot delete forwarding of 02:00:00:00:00:01 to 10\.0\.0\.2 from vx: the kernel returned ENOENT/,
      )
      assert.throws(
        () => route.addForwarding({ link: 'nope', ...gone }),
        (error) => isKernelError(error, 'ENODEV'),
      )
    },
  )

  test(`${name}: destinations are of the family of the link's own addresses`, options, (t) => {
    const { route } = withVxlan(open, t, 'fd00::2')
    route.addForwarding({ link: 'vx', hardwareAddress: MAC, destination: 'fd00::3' })
    assert.throws(
      () => route.addForwarding({ link: 'vx', hardwareAddress: MAC, destination: '10.0.0.3' }),
      (error) => isKernelError(error, 'EAFNOSUPPORT'),
    )
    assert.deepEqual(entries(route), [`${ALL_ZERO_ADDRESS} fd00::2`, `${MAC} fd00::3`])
  })

  test(`${name}: the group of a vxlan is an entry like the others, and follows it`, options, (t) => {
    const { route } = withVxlan(open, t, '10.0.0.2')
    route.addForwarding({ link: 'vx', hardwareAddress: ALL_ZERO_ADDRESS, destination: '10.0.0.9' })
    route.setLink('vx', { kind: 'vxlan', settings: { group: '10.0.0.3' } })
    assert.deepEqual(entries(route), [`${ALL_ZERO_ADDRESS} 10.0.0.3`, `${ALL_ZERO_ADDRESS} 10.0.0.9`])
  })

  test(`${name}: entries are listed for all links or for one, and go with the link`, options, (t) => {
    const { route } = withVxlan(open, t)
    route.addLink({ name: 'vy', kind: 'vxlan', settings: { id: 8, port: 4789 } })
    for (const link of ['vx', 'vy']) {
      route.addForwarding({ link, hardwareAddress: ALL_ZERO_ADDRESS, destination: '10.0.0.2' })
      route.setLink(link, { up: true })
      route.setLink(link, { up: false })
    }
    assert.deepEqual([entries(route).length, entries(route, 'vx').length], [2, 1])
    route.deleteLink('vx')
    assert.deepEqual([entries(route).length, entries(route, 'vy').length], [1, 1])
  })

  test(`${name}: batch() adds and deletes entries like everything else`, options, (t) => {
    const { route } = withVxlan(open, t)
    const failures = route.batch((requests) => {
      for (let host = 2; host < 250; host++)
        requests.addForwarding({
          link: 'vx',
          hardwareAddress: ALL_ZERO_ADDRESS,
          destination: `10.0.0.${host}`,
        })
      requests.deleteForwarding({ link: 'vx', hardwareAddress: MAC, destination: '10.0.0.2' })
      requests.deleteForwarding({
        link: 'vx',
        hardwareAddress: ALL_ZERO_ADDRESS,
        destination: '10.0.0.2',
      })
    })
    assert.deepEqual(
      failures.map(({ request }) => request),
      [248],
    )
    assert.equal(entries(route).length, 247)
  })

  test(`${name}: changes of entries are announced to who asked for them`, options, async (t) => {
    const { sys, watcher, netns, route } = withVxlan(open, t)
    const seen: ForwardingEvent[] = []
    const silent = { onEvent: () => undefined, onOverrun: () => undefined }
    const watch = watchRouteEvents(
      sys,
      watcher,
      { ...silent, onForwarding: (event) => void seen.push(event) },
      { netns },
    )
    t.after(() => watch.close())
    const spec = { link: 'vx', hardwareAddress: MAC, destination: '10.0.0.2' }
    route.addForwarding(spec)
    route.deleteForwarding(spec)
    await eventually(() => seen.length >= 2)
    const forwarding = {
      linkIndex: route.indexOf('vx'),
      hardwareAddress: MAC,
      destination: '10.0.0.2',
      learned: false,
    }
    assert.deepEqual(seen, [
      { kind: 'forwarding', forwarding },
      { kind: 'forwarding-gone', forwarding },
    ])
  })
}
