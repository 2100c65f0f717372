/**
 * The contract of RouteNetlink: what the agent and the lab count on, held against the kernel in memory and the
 * real one. What is compared is only what both must agree on: not the kernel's own routes in table local, not
 * the addresses it gives links by itself.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Address, isKernelError, type RouteNetlink, withNetns, newNetns } from '../../src/linux/index.ts'
import { ownLinks, worlds } from './linux-worlds.ts'

const WARREN = 87

const refusedWith =
  (code: string, text?: string) =>
  (error: unknown): boolean =>
    isKernelError(error, code) && (text === undefined || error.kernelText === text)

const ours = (route: RouteNetlink): string[] =>
  route
    .addresses()
    .filter((address) => address.protocol === WARREN)
    .map(addressText)
    .toSorted()

const addressText = ({ local, prefixLength, peer }: Address): string =>
  peer === undefined ? `${local}/${prefixLength}` : `${local} peer ${peer}/${prefixLength}`

const mainRoutes = (route: RouteNetlink): string[] =>
  route
    .routes({ table: 254 })
    .filter(({ destination }) => destination !== 'fe80::/64')
    .map(({ destination, protocol, metric }) => `${destination} proto ${protocol} metric ${metric}`)
    .toSorted()

for (const { name, options, open } of worlds(['bridge', 'veth'])) {
  test(`${name}: a new namespace has the loopback link alone, and it is down`, options, (t) => {
    const [lo, ...rest] = ownLinks(open(t).route)
    assert.equal(rest.length, 0)
    assert.deepEqual([lo?.index, lo?.name, lo?.up, lo?.hardwareType], [1, 'lo', false, 772])
  })

  test(
    `${name}: addLink() makes what was asked for, found by name, index and alternative name`,
    options,
    (t) => {
      const { route } = open(t)
      const long = 'a-name-that-is-longer-than-fifteen-bytes'
      route.addLink({ name: 'br0', kind: 'bridge', mtuBytes: 1400, up: true, altNames: ['warren-br0', long] })
      const link = route.link('br0')
      assert.ok(link)
      assert.deepEqual([link.kind, link.mtuBytes, link.up], ['bridge', 1400, true])
      assert.deepEqual(link.altNames, ['warren-br0', long])
      for (const ref of [link.index, 'warren-br0', long]) assert.equal(route.link(ref)?.name, 'br0')
      assert.equal(ownLinks(route).length, 2)
    },
  )

  test(`${name}: addLink() refuses a name that is taken and a kind that does not exist`, options, (t) => {
    const { route } = open(t)
    route.addLink({ name: 'br0', kind: 'bridge', altNames: ['other'] })
    assert.throws(() => route.addLink({ name: 'br0', kind: 'bridge' }), refusedWith('EEXIST'))
    assert.throws(() => route.addLink({ name: 'other', kind: 'bridge' }), refusedWith('EEXIST'))
    const kind = 'no-such-kind' as 'bridge'
    assert.throws(() => route.addLink({ name: 'x', kind }), refusedWith('EOPNOTSUPP', 'Unknown device type'))
    assert.throws(
      () => route.addLink({ name: 'a-name-of-more-than-15', kind: 'bridge' }),
      refusedWith('ERANGE', 'Attribute failed policy validation'),
    )
  })

  test(`${name}: a veth pair spans two namespaces and goes with either end`, options, (t) => {
    const { route, another } = open(t)
    const other = another()
    route.addLink({
      name: 'near',
      kind: 'veth',
      peer: { name: 'far', netns: other.netns, mtuBytes: 1300, hardwareAddress: '02:00:00:00:00:42' },
    })
    const far = other.route.link('far')
    assert.deepEqual([far?.mtuBytes, far?.hardwareAddress], [1300, '02:00:00:00:00:42'])
    assert.equal(far?.peerIndex, route.link('near')?.index)
    assert.notEqual(far?.peerNamespaceId, undefined)
    other.route.deleteLink('far')
    assert.equal(route.link('near'), undefined)
  })

  test(`${name}: setLink() changes MTU, state, name, master and alternative names`, options, (t) => {
    const { route } = open(t)
    route.addLink({ name: 'br0', kind: 'bridge' })
    route.addLink({ name: 'a', kind: 'veth', peer: { name: 'b' } })
    route.setLink('a', { mtuBytes: 1280, master: 'br0', addAltNames: ['one', 'two'] })
    route.setLink('a', { name: 'c', removeAltNames: ['one'] })
    const link = route.link('c')
    assert.deepEqual([link?.mtuBytes, link?.master, link?.altNames], [1280, route.indexOf('br0'), ['two']])
    route.setLink('c', { up: true, master: null })
    assert.deepEqual([route.link('c')?.up, route.link('c')?.master], [true, undefined])
    route.setLink('c', { up: false })
    assert.equal(route.link('c')?.up, false)
    assert.throws(
      () => route.setLink('c', { mtuBytes: 1_000_000 }),
      refusedWith('EINVAL', 'mtu greater than device maximum'),
    )
  })

  test(`${name}: setLink() moves a link into another namespace`, options, (t) => {
    const { route, another } = open(t)
    const other = another()
    route.addLink({ name: 'a', kind: 'veth', peer: { name: 'b' } })
    route.setLink('b', { netns: other.netns })
    assert.equal(route.link('b'), undefined)
    assert.equal(other.route.link('b')?.kind, 'veth')
    assert.notEqual(other.route.link('b')?.index, 0)
  })

  test(`${name}: a link that is not there is undefined to link() and ENODEV to the rest`, options, (t) => {
    const { route } = open(t)
    assert.equal(route.link('nope'), undefined)
    assert.throws(() => route.deleteLink('nope'), refusedWith('ENODEV'))
    assert.throws(() => route.setLink('nope', { up: true }), refusedWith('ENODEV'))
    assert.throws(
      () => route.addAddress({ link: 'nope', local: '10.0.0.1', prefixLength: 24 }),
      refusedWith('ENODEV'),
    )
  })

  test(`${name}: addresses of both families come back as they were added, and go`, options, (t) => {
    const { route } = open(t)
    route.addLink({ name: 'br0', kind: 'bridge', up: true })
    const specs = [
      { link: 'br0', local: '10.0.0.1', prefixLength: 24, protocol: WARREN },
      { link: 'br0', local: '10.1.0.1', prefixLength: 32, peer: '10.1.0.2', protocol: WARREN },
      { link: 'br0', local: 'fd00::1', prefixLength: 64, protocol: WARREN, noDad: true },
      { link: 'br0', local: 'fd01::1', prefixLength: 128, peer: 'fd01::2', protocol: WARREN, noDad: true },
    ]
    for (const spec of specs) route.addAddress(spec)
    const all = ['10.0.0.1/24', '10.1.0.1 peer 10.1.0.2/32', 'fd00::1/64', 'fd01::1 peer fd01::2/128']
    assert.deepEqual(ours(route), all)
    const [first] = specs
    assert.ok(first)
    assert.throws(() => route.addAddress(first), refusedWith('EEXIST'))
    for (const spec of specs) route.deleteAddress(spec)
    assert.deepEqual(ours(route), [])
    assert.throws(() => route.deleteAddress(first), refusedWith('EADDRNOTAVAIL'))
  })

  test(`${name}: an address with a prefix too long is refused with what was tried and why`, options, (t) => {
    const { route } = open(t)
    route.addLink({ name: 'br0', kind: 'bridge' })
    assert.throws(
      () => route.addAddress({ link: 'br0', local: '10.0.0.1', prefixLength: 40 }),
      /cannot add address 10\.0\.0\.1\/40 to br0: the kernel returned EINVAL \(invalid argument/,
    )
  })

  test(
    `${name}: an address brings the route to its prefix while the link is up, unless told not to`,
    options,
    (t) => {
      const { route } = open(t)
      route.addLink({ name: 'br0', kind: 'bridge' })
      route.addAddress({ link: 'br0', local: '10.0.0.1', prefixLength: 24 })
      route.addAddress({ link: 'br0', local: '10.2.0.1', prefixLength: 24, noPrefixRoute: true })
      route.addAddress({ link: 'br0', local: '10.1.0.1', prefixLength: 32, peer: '10.1.0.2' })
      assert.deepEqual(mainRoutes(route), [])
      route.setLink('br0', { up: true })
      route.addAddress({ link: 'br0', local: 'fd00::1', prefixLength: 64, noDad: true })
      const connected = [
        '10.0.0.0/24 proto 2 metric 0',
        '10.1.0.2/32 proto 2 metric 0',
        'fd00::/64 proto 2 metric 256',
      ]
      assert.deepEqual(mainRoutes(route), connected)
      route.deleteAddress({ link: 'br0', local: 'fd00::1', prefixLength: 64 })
      assert.deepEqual(mainRoutes(route), connected.slice(0, 2))
    },
  )

  test(
    `${name}: a link set down loses its routes and IPv6 addresses and keeps its IPv4 addresses`,
    options,
    (t) => {
      const { route } = open(t)
      route.addLink({ name: 'br0', kind: 'bridge', up: true })
      route.addAddress({ link: 'br0', local: '10.0.0.1', prefixLength: 24, protocol: WARREN })
      route.addAddress({ link: 'br0', local: 'fd00::1', prefixLength: 64, protocol: WARREN, noDad: true })
      route.addRoute({ destination: '10.9.0.0/16', link: 'br0', protocol: WARREN })
      route.setLink('br0', { up: false })
      assert.deepEqual(ours(route), ['10.0.0.1/24'])
      assert.deepEqual(mainRoutes(route), [])
      route.setLink('br0', { up: true })
      assert.deepEqual(mainRoutes(route), ['10.0.0.0/24 proto 2 metric 0'])
    },
  )

  test(`${name}: routes carry table, metric, gateway, type and owner`, options, (t) => {
    const { route } = open(t)
    route.addLink({ name: 'br0', kind: 'bridge', up: true })
    route.addAddress({ link: 'br0', local: '10.0.0.1', prefixLength: 24 })
    route.addRoute({ destination: '0.0.0.0/0', gateway: '10.0.0.2', table: 51820, protocol: WARREN })
    route.addRoute({ destination: '10.9.0.0/16', link: 'br0', metric: 42, protocol: WARREN })
    route.addRoute({ destination: '10.10.0.0/16', type: 'unreachable', protocol: WARREN })
    route.addRoute({ destination: 'fd09::/16', link: 'br0', protocol: WARREN })
    route.addRoute({ destination: '::/0', link: 'br0', table: 51820, protocol: WARREN })
    const index = route.indexOf('br0')
    const got = route
      .routes()
      .filter(({ protocol }) => protocol === WARREN)
      .map((r) => [r.destination, r.table, r.linkIndex, r.gateway, r.metric, r.scope, r.type])
      .toSorted(([a], [b]) => String(a).localeCompare(String(b)))
    assert.deepEqual(got, [
      ['::/0', 51820, index, undefined, 1024, 0, 1],
      ['0.0.0.0/0', 51820, index, '10.0.0.2', 0, 0, 1],
      ['10.10.0.0/16', 254, undefined, undefined, 0, 0, 7],
      ['10.9.0.0/16', 254, index, undefined, 42, 253, 1],
      ['fd09::/16', 254, index, undefined, 1024, 0, 1],
    ])
    assert.deepEqual(route.routes({ table: 51820 }).length, 2)
    assert.deepEqual(route.routes({ table: 51820, family: 'inet6' }).length, 1)
    assert.deepEqual(route.routes({ table: 4711 }), [])
  })

  test(`${name}: a route is refused twice, replaced when asked, and gone once deleted`, options, (t) => {
    const { route } = open(t)
    route.addLink({ name: 'br0', kind: 'bridge', up: true })
    route.addLink({ name: 'br1', kind: 'bridge', up: true })
    const spec = { destination: '10.9.0.0/16', link: 'br0', metric: 7, protocol: WARREN }
    route.addRoute(spec)
    assert.throws(() => route.addRoute({ ...spec, link: 'br1' }), refusedWith('EEXIST'))
    route.addRoute({ ...spec, link: 'br1' }, { replace: true })
    const found = route.routes().filter(({ protocol }) => protocol === WARREN)
    assert.deepEqual(
      found.map(({ linkIndex }) => linkIndex),
      [route.indexOf('br1')],
    )
    assert.throws(() => route.deleteRoute({ ...spec, metric: 8 }), refusedWith('ESRCH'))
    route.deleteRoute({ destination: '10.9.0.0/16' })
    assert.deepEqual(mainRoutes(route), [])
  })

  test(`${name}: a route carries an MTU, locked or not, and goes whatever MTU is said`, options, (t) => {
    const { route } = open(t)
    route.addLink({ name: 'br0', kind: 'bridge', up: true })
    const common = { link: 'br0', protocol: WARREN }
    route.addRoute({ ...common, destination: '10.9.0.0/16', mtuBytes: 1300, mtuLocked: true })
    route.addRoute({ ...common, destination: '10.10.0.0/16', mtuBytes: 1280 })
    route.addRoute({ ...common, destination: 'fd09::/16', mtuBytes: 1380 })
    route.addRoute({ ...common, destination: '10.11.0.0/16' })
    const mtus = (): unknown[] =>
      route
        .routes({ table: 254 })
        .filter(({ protocol }) => protocol === WARREN)
        .map(({ destination, mtuBytes, mtuLocked }) => [destination, mtuBytes, mtuLocked])
        .toSorted(([a], [b]) => String(a).localeCompare(String(b)))
    assert.deepEqual(mtus(), [
      ['10.10.0.0/16', 1280, undefined],
      ['10.11.0.0/16', undefined, undefined],
      ['10.9.0.0/16', 1300, true],
      ['fd09::/16', 1380, undefined],
    ])
    route.addRoute({ ...common, destination: '10.9.0.0/16', mtuBytes: 1200 }, { replace: true })
    route.addRoute({ ...common, destination: 'fd09::/16' }, { replace: true })
    route.deleteRoute({ ...common, destination: '10.10.0.0/16', mtuBytes: 4711 })
    assert.deepEqual(mtus(), [
      ['10.11.0.0/16', undefined, undefined],
      ['10.9.0.0/16', 1200, undefined],
      ['fd09::/16', undefined, undefined],
    ])
  })

  test(
    `${name}: a route through nowhere or a link that is down is refused in the kernel's words`,
    options,
    (t) => {
      const { route } = open(t)
      route.addLink({ name: 'br0', kind: 'bridge' })
      assert.throws(
        () => route.addRoute({ destination: '10.9.0.0/16', gateway: '192.0.2.1' }),
        refusedWith('ENETUNREACH', 'Nexthop has invalid gateway'),
      )
      assert.throws(
        () => route.addRoute({ destination: '10.9.0.0/16', link: 'br0' }),
        refusedWith('ENETDOWN'),
      )
    },
  )

  test(`${name}: the two rules of a default route through a tunnel come back and go`, options, (t) => {
    const { route } = open(t)
    const rules = [
      { family: 'inet', table: 51820, fwmark: 51820, invert: true, protocol: WARREN },
      { family: 'inet', table: 254, suppressPrefixLength: 0, protocol: WARREN },
    ] as const
    for (const rule of rules) route.addRule(rule)
    const found = route.rules().filter(({ protocol }) => protocol === WARREN)
    assert.deepEqual(found, [
      { family: 'inet', priority: 32764, table: 254, action: 1, protocol: WARREN, suppressPrefixLength: 0 },
      {
        family: 'inet',
        priority: 32765,
        table: 51820,
        action: 1,
        protocol: WARREN,
        invert: true,
        fwmark: 51820,
      },
    ])
    for (const rule of rules) route.deleteRule(rule)
    assert.deepEqual(
      route.rules().map(({ priority }) => priority),
      [0, 32766, 32767, 0, 32766],
    )
    assert.throws(() => route.deleteRule(rules[0]), refusedWith('ENOENT'))
  })

  test(
    `${name}: rules select by prefix, mark and mask, and links, with a priority of their own`,
    options,
    (t) => {
      const { route } = open(t)
      const rule = {
        family: 'inet6',
        priority: 100,
        table: 1000,
        fwmark: 0x10,
        fwmask: 0xff,
        source: 'fd00::/8',
        destination: 'fd01::/16',
        inputLink: 'in0',
        outputLink: 'out0',
        protocol: WARREN,
      } as const
      route.addRule(rule)
      assert.deepEqual(
        route.rules().find(({ priority }) => priority === 100),
        { ...rule, action: 1 },
      )
      assert.throws(() => route.addRule(rule), refusedWith('EEXIST'))
    },
  )

  test(
    `${name}: batch() sends hundreds, names the ones refused, and resolves links it makes itself`,
    options,
    (t) => {
      const { route } = open(t)
      const failures = route.batch((requests) => {
        requests.addLink({ name: 'br0', kind: 'bridge' })
        for (let host = 0; host < 250; host++) {
          const local = host === 123 ? '10.0.0.1' : `10.0.${host}.1`
          requests.addAddress({ link: 'br0', local, prefixLength: 24, protocol: WARREN })
        }
        requests.setLink('br0', { up: true })
      })
      assert.deepEqual(
        failures.map(({ request, error }) => [request, isKernelError(error, 'EEXIST')]),
        [[124, true]],
      )
      assert.equal(ours(route).length, 249)
      assert.equal(route.link('br0')?.up, true)
    },
  )

  test(`${name}: withNetns() comes home, also when its function throws or is asynchronous`, options, (t) => {
    const { sys, netns, route } = open(t)
    route.addLink({ name: 'br0', kind: 'bridge' })
    const home = newNetns(sys)
    t.after(() => sys.close(home))
    withNetns(sys, home, () => {
      assert.throws(() => withNetns(sys, netns, () => assert.fail('out')), /out/)
      assert.throws(() => withNetns(sys, netns, () => Promise.resolve()), TypeError)
      assert.throws(() => withNetns(sys, 99_999, () => undefined), refusedWith('EBADF'))
    })
  })
}
