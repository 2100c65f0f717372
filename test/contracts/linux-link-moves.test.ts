/**
 * The contract of links across namespaces and over one another: moved and renamed at once, made elsewhere, gone with
 * what they stand on.
 *
 *     here                 there
 *   ┌───────────────┐    ┌─────────────────────────┐   A link for a container is born here under a name of its own
 *   │ wrn3k5…  ─────┼───▶│ eth1   altname warren-… │   and arrives there under the one that is wanted.
 *   └───────────────┘    └─────────────────────────┘
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isDeepStrictEqual } from 'node:util'
import { isKernelError, linkFlagNames } from '../../src/linux/index.ts'
import { eventually } from '../harness/eventually.ts'
import { ownLinks, worlds } from './linux-worlds.ts'

const refused =
  (code: string) =>
  (error: unknown): boolean =>
    isKernelError(error, code)

for (const { name, options, open } of worlds(['veth', 'bridge', 'vxlan'])) {
  test(`${name}: a link is moved, renamed, changed and set up in one request`, options, (t) => {
    const { route, another } = open(t)
    const there = another()
    route.addLink({ name: 'wrn3k5abcde', kind: 'veth', peer: { name: 'far' } })
    route.setLink('wrn3k5abcde', { netns: there.netns, name: 'eth1', mtuBytes: 1400, up: true })
    const link = there.route.link('eth1')
    assert.deepEqual([link?.mtuBytes, link?.up, link?.kind], [1400, true, 'veth'])
    assert.equal(route.link('wrn3k5abcde'), undefined)
    assert.equal(ownLinks(there.route).length, 2)
    there.route.setLink('eth1', { addAltNames: ['warren-eth1'] })
    assert.equal(there.route.link('warren-eth1')?.index, link?.index)
  })

  test(
    `${name}: alternative names move along, and a name that is taken there stops it here`,
    options,
    (t) => {
      const { route, another } = open(t)
      const there = another()
      route.addLink({ name: 'a', kind: 'veth', peer: { name: 'b' }, altNames: ['warren-a'] })
      route.setLink('a', { netns: there.netns, name: 'eth1' })
      assert.deepEqual(there.route.link('eth1')?.altNames, ['warren-a'])
      route.addLink({ name: 'a', kind: 'veth', peer: { name: 'c' }, altNames: ['warren-a'] })
      assert.throws(() => route.setLink('a', { netns: there.netns, name: 'eth2' }), refused('EEXIST'))
      assert.deepEqual(route.link('a')?.altNames, ['warren-a'])
    },
  )

  test(
    `${name}: a new name that is taken there is refused when the link has moved already, under its old one`,
    options,
    (t) => {
      const { route, another } = open(t)
      const there = another()
      there.route.addLink({ name: 'eth1', kind: 'bridge' })
      route.addLink({ name: 'wrn1', kind: 'veth', peer: { name: 'b' } })
      assert.throws(() => route.setLink('wrn1', { netns: there.netns, name: 'eth1' }), refused('EEXIST'))
      assert.equal(route.link('wrn1'), undefined)
      assert.deepEqual([there.route.link('wrn1')?.kind, there.route.link('eth1')?.kind], ['veth', 'bridge'])
    },
  )

  test(`${name}: a new name helps a link whose own is taken there`, options, (t) => {
    const { route, another } = open(t)
    const there = another()
    there.route.addLink({ name: 'eth0', kind: 'bridge' })
    route.addLink({ name: 'eth0', kind: 'veth', peer: { name: 'b' } })
    assert.throws(() => route.setLink('eth0', { netns: there.netns }), refused('EEXIST'))
    assert.equal(route.link('eth0')?.kind, 'veth')
    route.setLink('eth0', { netns: there.netns, name: 'eth9' })
    assert.equal(there.route.link('eth9')?.kind, 'veth')
  })

  test(`${name}: a bridge stays where it was made, and can be made elsewhere`, options, (t) => {
    const { route, another } = open(t)
    const there = another()
    route.addLink({ name: 'br0', kind: 'bridge', netns: there.netns, settings: { stp: true } })
    assert.equal(route.link('br0'), undefined)
    assert.equal(there.route.link('br0')?.settings['stp'], true)
    route.addLink({ name: 'br0', kind: 'bridge' })
    assert.throws(() => route.setLink('br0', { netns: there.netns, name: 'br1' }), refused('EINVAL'))
  })

  test(`${name}: a veth finds its other end in a third namespace, and an end moved back`, options, (t) => {
    const { route, another } = open(t)
    const [one, two] = [another(), another()]
    route.addLink({
      name: 'eth0',
      kind: 'veth',
      netns: one.netns,
      mtuBytes: 1350,
      peer: { name: 'eth0', netns: two.netns, mtuBytes: 1350 },
    })
    assert.equal(route.link('eth0'), undefined)
    const [near, far] = [one.route.link('eth0'), two.route.link('eth0')]
    assert.deepEqual([near?.mtuBytes, far?.mtuBytes], [1350, 1350])
    assert.equal(near?.peerIndex, far?.index)
    assert.deepEqual([near?.settings, far?.settings], [{}, {}])
    one.route.setLink('eth0', { netns: two.netns, name: 'eth1' })
    two.route.deleteLink('eth1')
    assert.equal(two.route.link('eth0'), undefined)
  })

  test(`${name}: the link under a link is an index of the same namespace, or not said`, options, (t) => {
    const { route, another } = open(t)
    const there = another()
    route.addLink({ name: 'p0', kind: 'veth', peer: { name: 'p1' } })
    route.addLink({ name: 'here', kind: 'vxlan', settings: { id: 1, link: 'p0', port: 4789 } })
    route.addLink({ name: 'far', kind: 'vxlan', netns: there.netns, settings: { id: 2, link: 'p0' } })
    assert.equal(route.link('here')?.settings['link'], route.indexOf('p0'))
    assert.equal(there.route.link('far')?.settings['id'], 2)
    assert.equal(there.route.link('far')?.settings['link'], undefined)
    route.setLink('here', { netns: there.netns })
    assert.equal(there.route.link('here')?.settings['link'], undefined)
  })

  test(`${name}: a veth passes packets once both of its ends are up, and says so`, options, async (t) => {
    const { route, another } = open(t)
    const there = another()
    route.addLink({ name: 'a', kind: 'veth', peer: { name: 'b', netns: there.netns } })
    const becomes = (passes: boolean, ...flags: readonly string[]): Promise<unknown> =>
      eventually(() => {
        const link = route.link('a')
        // Without a carrier it is `down` or `lowerlayerdown`, depending on indexes in both namespaces.
        const state = [link?.operState === 'up', ...linkFlagNames(link?.flags ?? 0)]
        return isDeepStrictEqual(state, [passes, ...flags])
      })
    await becomes(false, 'BROADCAST', 'MULTICAST')
    route.setLink('a', { up: true })
    await becomes(false, 'UP', 'BROADCAST', 'MULTICAST')
    there.route.setLink('b', { up: true })
    // The kernel looks after carriers in a thread of its own, and not more than once a second.
    await becomes(true, 'UP', 'BROADCAST', 'RUNNING', 'MULTICAST')
    there.route.setLink('b', { up: false })
    await becomes(false, 'UP', 'BROADCAST', 'MULTICAST')
  })

  test(`${name}: a vxlan goes with the link under it, wherever it is`, options, (t) => {
    const { route, another } = open(t)
    const there = another()
    for (const [at, settings] of [{ id: 1 }, { id: 2 }].entries()) {
      route.addLink({ name: 'p0', kind: 'veth', peer: { name: 'p1' } })
      route.addLink({ name: 'vx', kind: 'vxlan', settings: { ...settings, link: 'p0', port: 4789 } })
      if (at === 0) route.deleteLink('p0')
      else route.setLink('p0', { netns: there.netns })
      assert.equal(route.link('vx'), undefined)
    }
  })

  test(`${name}: a link without what its kind needs is refused, with the kernel's reason`, options, (t) => {
    const { route } = open(t)
    const vxlan = { name: 'x', kind: 'vxlan' } as const
    assert.throws(() => route.addLink(vxlan), refused('EINVAL'))
    route.addLink({ ...vxlan, settings: { id: 1, port: 4789 } })
    assert.throws(
      () => route.addLink({ ...vxlan, name: 'y', settings: { id: 1, port: 4789 } }),
      /cannot add vxlan link y: the kernel returned EEXIST \(.*A VXLAN device with the specified VNI already exists\)/,
    )
    assert.throws(
      () => route.addLink({ ...vxlan, name: 'y', settings: { id: 2, link: 'nope' } }),
      refused('ENODEV'),
    )
    assert.throws(
      () => route.setLink('x', { kind: 'bridge', settings: { stp: true } }),
      refused('EOPNOTSUPP'),
    )
  })

  test(`${name}: a setting that a kind does not have is a mistake of the caller`, options, (t) => {
    const { route } = open(t)
    assert.throws(() => route.addLink({ name: 'x', kind: 'bridge', settings: { table: 1 } }), TypeError)
    assert.throws(() => route.addLink({ name: 'x', kind: 'bridge', settings: { stp: 1 } }), TypeError)
    assert.throws(() => route.setLink('lo', { settings: { stp: true } }), TypeError)
    assert.equal(ownLinks(route).length, 1)
  })
}

for (const { name, options, open } of worlds(['veth', 'vlan', 'macvlan', 'vrf', 'ipip', 'ip6tnl'])) {
  test(
    `${name}: a vlan and a macvlan follow the link under them when it goes, not when it moves`,
    options,
    (t) => {
      const { route, another } = open(t)
      const there = another()
      route.addLink({ name: 'p0', kind: 'veth', peer: { name: 'p1' } })
      route.addLink({ name: 'vl', kind: 'vlan', settings: { id: 5, link: 'p0' } })
      route.addLink({ name: 'mv', kind: 'macvlan', settings: { link: 'p0' } })
      route.setLink('p0', { netns: there.netns })
      assert.deepEqual(
        [route.link('vl')?.settings, route.link('mv')?.settings],
        [{ id: 5, protocol: '802.1Q', reorderHeader: true }, { mode: 'vepa' }],
      )
      there.route.deleteLink('p0')
      assert.deepEqual([route.link('vl'), route.link('mv')], [undefined, undefined])
    },
  )

  test(`${name}: vlan, macvlan and vrf refuse what their kind cannot do`, options, (t) => {
    const { route } = open(t)
    route.addLink({ name: 'p0', kind: 'veth', peer: { name: 'p1' } })
    assert.throws(() => route.addLink({ name: 'x', kind: 'vlan', settings: { id: 5 } }), refused('EINVAL'))
    assert.throws(
      () => route.addLink({ name: 'x', kind: 'vlan', settings: { link: 'p0' } }),
      refused('EINVAL'),
    )
    assert.throws(() => route.addLink({ name: 'x', kind: 'macvlan' }), refused('EINVAL'))
    assert.throws(() => route.addLink({ name: 'x', kind: 'vrf' }), refused('EINVAL'))
    route.addLink({ name: 'v5', kind: 'vlan', settings: { id: 5, link: 'p0' } })
    assert.throws(
      () => route.addLink({ name: 'x', kind: 'vlan', settings: { id: 5, link: 'p0' } }),
      refused('EEXIST'),
    )
    route.addLink({ name: 'mv', kind: 'macvlan', settings: { link: 'p0', mode: 'bridge' } })
    assert.throws(
      () => route.setLink('mv', { kind: 'macvlan', settings: { mode: 'passthru' } }),
      refused('EINVAL'),
    )
  })

  test(`${name}: a port goes from a vrf to a bridge without being let go first`, options, (t) => {
    const { route } = open(t)
    route.addLink({ name: 'p0', kind: 'veth', peer: { name: 'p1' } })
    route.addLink({ name: 'vrf1', kind: 'vrf', settings: { table: 10 }, up: true })
    route.addLink({ name: 'br0', kind: 'bridge' })
    for (const master of ['vrf1', 'br0']) {
      route.setLink('p0', { master })
      assert.equal(route.link('p0')?.master, route.indexOf(master))
    }
  })

  test(`${name}: a change of a tunnel keeps what it does not mention`, options, (t) => {
    const { route } = open(t)
    const ends = { local: '10.0.0.1', remote: '10.0.0.2' }
    route.addLink({ name: 'p0', kind: 'veth', peer: { name: 'p1' } })
    route.addLink({ name: 't4', kind: 'ipip', settings: { ...ends, link: 'p0', ttl: 7, tos: 16 } })
    route.setLink('t4', { kind: 'ipip', settings: { remote: '10.0.0.9' } })
    assert.deepEqual(route.link('t4')?.settings, {
      ...{ local: '10.0.0.1', remote: '10.0.0.9', ttl: 7, tos: 16, pathMtuDiscovery: true },
      link: route.indexOf('p0'),
    })
    assert.throws(() => route.addLink({ name: 't5', kind: 'ipip' }), refused('EEXIST'))
    const batch = route.batch((requests) => {
      requests.addLink({ name: 't6', kind: 'ip6tnl', settings: { local: 'fd00::1', remote: 'fd00::2' } })
      requests.setLink('t6', { kind: 'ip6tnl', settings: { ttl: 9 } })
    })
    assert.deepEqual(batch, [])
    assert.deepEqual(route.link('t6')?.settings, {
      ...{ local: 'fd00::1', remote: 'fd00::2', ttl: 9, tos: 0, encapLimit: 4 },
    })
  })
}
