/**
 * NetlinkInterface objects on one node, by a real agent: every kind that this kernel makes (GC-09), bridge ports as an
 * exact set (GC-10), and drift of all of them (GC-12). The same on other kernels runs in the VM.
 */
import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { test } from 'node:test'
import { formatAllocations, NO_ALLOCATIONS } from '../../src/model/index.ts'
import { eventually, patiently } from '../harness/eventually.ts'
import { Namespace } from '../harness/namespace.ts'
import { needs } from '../harness/needs.ts'
import { type AgentHost } from './agent-hosts.ts'
import { alone, followed, link } from './agent-objects.ts'

const options = {
  ...needs({
    root: true,
    kernel: ['veth', 'bridge', 'vxlan'],
    tools: ['ip', 'bridge', 'nsenter', 'unshare'],
  }),
  timeout: patiently(120_000),
}

/** Another one after it was made anew. */
const indexOf = async (host: AgentHost, name: string): Promise<string | undefined> =>
  /^\d+/.exec(await host.net.exec(`ip -o link show ${name}`))?.[0]

test(
  'GC-09: bridge, vxlan and veth with all that is asked, up and down, MTU and addresses exactly',
  options,
  async (t) => {
    const host = await alone(t)
    const plan = (o: { up: boolean; mtu: number; address: string }): string =>
      [
        link(
          'br0',
          `type: bridge, up: ${o.up}, mtu: ${o.mtu}, hardwareAddress: "02:00:00:00:00:09", addresses: ["${o.address}", "fd00:9::1/64"], bridge: { stp: true, forwardDelay: 4 }`,
        ),
        link(
          'vx0',
          `type: vxlan, mtu: 1400, addresses: [10.9.1.1/24], vxlan: { vni: 77, local: 10.9.0.1, remote: 10.9.0.2, port: 4790, learning: false, ttl: 9 }`,
        ),
        link(
          'v1',
          `type: veth, addresses: [{ local: 10.9.2.1, peer: 10.9.2.2/32 }], veth: { peer: { interfaceName: v2, addresses: [10.9.2.2/24], mtu: 1300 } }`,
        ),
      ].join('')
    await followed(host, plan({ up: true, mtu: 1400, address: '10.9.0.1/24' }))
    const status = await host.converged()
    assert.deepEqual(status.problems, [])
    const show = (what: string): Promise<string> => host.net.exec(`ip -d -o ${what}`)
    assert.match(
      await show('link show br0'),
      /mtu 1400.*state.*02:00:00:00:00:09.*forward_delay 400 .*stp_state 1/,
    )
    assert.match(
      await show('link show vx0'),
      /mtu 1400.*vxlan id 77 remote 10\.9\.0\.2 local 10\.9\.0\.1.*dstport 4790.*nolearning.*ttl 9/,
    )
    assert.match(await show('address show dev v1'), /inet 10\.9\.2\.1 peer 10\.9\.2\.2\/32/)
    assert.match(await show('link show v2'), /mtu 1300/)
    assert.deepEqual(
      status.objects.map((o) => [o.name, o.conditions[0]?.reason, o.observedGeneration]),
      [
        ['br0', 'AsWanted', 1],
        ['v1', 'AsWanted', 1],
        ['vx0', 'AsWanted', 1],
      ],
    )
    await followed(host, plan({ up: false, mtu: 1280, address: '10.9.7.1/24' }))
    assert.match(await show('link show br0'), /mtu 1280.*state DOWN/)
    assert.doesNotMatch(await show('link show br0'), /<[^>]*\bUP\b/)
    const addresses = await show('address show dev br0')
    assert.match(addresses, /10\.9\.7\.1\/24/)
    assert.doesNotMatch(addresses, /10\.9\.0\.1/)
    assert.equal(host.status()?.objects.find((o) => o.name === 'br0')?.observedGeneration, 2)
    await followed(host, '# nothing is wanted\n')
    for (const name of ['br0', 'vx0', 'v1', 'v2'])
      assert.equal(await host.net.succeeds(`ip link show ${name}`), false)
  },
)

test(
  'GC-10: the ports of a bridge are exactly those asked; one that is missing is told, and the rest applied',
  options,
  async (t) => {
    const host = await alone(t)
    for (const name of ['v1', 'v2', 'v3'])
      await host.net.exec(`ip link add ${name} type veth peer name ${name}-other`)
    const bridge = (ports: string): string =>
      link('br0', `type: bridge, addresses: [10.9.0.1/24], bridge: { ports: [${ports}] }`)
    await followed(host, bridge('v1, v2, v9'))
    const ports = (): readonly string[] => host.status()?.links[0]?.ports ?? []
    assert.deepEqual(ports(), ['v1', 'v2'])
    const condition = (): string | undefined => host.status()?.objects[0]?.conditions[0]?.reason
    assert.equal(condition(), 'PortMissing')
    assert.equal(host.status()?.phase, 'Converged')
    assert.deepEqual(host.status()?.links[0]?.addresses[0], '10.9.0.1/24')
    await host.repairsAfter(() => host.net.exec('ip link set v3 master br0'))
    assert.deepEqual(ports(), ['v1', 'v2'])
    await host.repairsAfter(() => host.net.exec('ip link set v1 nomaster'))
    assert.deepEqual(ports(), ['v1', 'v2'])
    await host.net.exec('ip link add v9 type veth peer name v9-other')
    await eventually(() => condition() === 'AsWanted', { what: 'the missing port is taken in when it comes' })
    assert.deepEqual(ports(), ['v1', 'v2', 'v9'])
    await followed(host, bridge('v2'))
    assert.deepEqual(ports(), ['v2'])
  },
)

test('GC-12: drift of links of every kind is repaired at once', options, async (t) => {
  const host = await alone(t)
  await followed(
    host,
    [
      link('br0', 'type: bridge, mtu: 1400, addresses: [10.9.0.1/24], bridge: { ports: [v1] }'),
      link('v1', 'type: veth, addresses: [10.9.2.1/24], veth: { peer: { interfaceName: v2 } }'),
      link(
        'vx0',
        'type: vxlan, addresses: [10.9.1.1/24], routes: [{ to: 10.8.0.0/16, via: 10.9.1.2 }], vxlan: { vni: 7, local: 10.9.0.1, ttl: 9, forwarding: [{ destination: 10.9.0.7 }] }',
      ),
    ].join(''),
  )
  await host.converged()
  const elsewhere = await Namespace.create('elsewhere')
  t.after(() => elsewhere.close())
  await host.net.exec('ip link add other type bridge')
  const rows: readonly (readonly [name: string, command: string, repaired: RegExp])[] = [
    ['a bridge deleted', 'ip link delete br0', /ip link add .*br0 .*type bridge/],
    ['a vxlan deleted', 'ip link delete vx0', /ip link add .*vx0 .*type vxlan/],
    ['one end of a veth deleted', 'ip link delete v2', /ip link add v[12] type veth/],
    ['moved to another namespace', `ip link set v1 netns ${elsewhere.pid}`, /type veth/],
    ['a port of another bridge', 'ip link set v1 master other', /v1 master br0/],
    ['renamed', 'ip link set vx0 down name stray', /ip link set dev stray name vx0/],
    ['set down', 'ip link set br0 down', /br0 up/],
    ['MTU changed', 'ip link set br0 mtu 1300', /br0 mtu 1400/],
    ['address removed', 'ip address delete 10.9.2.1/24 dev v1', /address add 10\.9\.2\.1\/24/],
    ['addresses flushed', 'ip address flush dev vx0', /address add 10\.9\.1\.1\/24/],
    ['address added', 'ip address add 10.66.0.1/24 dev br0', /address delete 10\.66\.0\.1\/24/],
    ['a setting changed', 'ip link set vx0 type vxlan ttl 5', /type vxlan ttl 9/],
    ['a port taken away', 'ip link set v1 nomaster', /v1 master br0/],
    ['a route removed', 'ip route delete 10.8.0.0/16', /route add 10\.8\.0\.0\/16 via 10\.9\.1\.2/],
    ['a forwarding entry removed', 'bridge fdb delete 00:00:00:00:00:00 dev vx0 dst 10.9.0.7', /10\.9\.0\.7/],
  ]
  for (const [name, command, repaired] of rows) {
    const repairs = await host.repairsAfter(() => host.net.exec(command))
    const said = repairs.flatMap((r) => r.what).join('\n')
    assert.match(said, repaired, `${name}: ${said}`)
    t.diagnostic(`${name}: ${repairs.map((r) => `${r.cause} ${r.tookMs} ms`).join(', ')}`)
  }
})

test(
  'GC-17: a dry run prints the difference, what is taken over and what waits, and changes nothing',
  options,
  async (t) => {
    const host = await alone(t)
    await host.net.exec('ip link add br7 type bridge')
    await host.net.exec('ip link set br7 up')
    host.writePlan(
      link('br0', 'type: bridge') +
        link('br7', 'type: bridge, adopt: true') +
        link('vx0', 'type: vxlan, vxlan: { vni: 7, link: missing0 }') +
        link('in', 'type: dummy, container: { netns: nowhere }'),
      formatAllocations(NO_ALLOCATIONS),
    )
    const before = await host.net.exec('ip -o link show')
    const { code, said } = await host.once('--dry-run')
    assert.equal(code, 0)
    assert.match(said, /ip link add .*br0 .*type bridge/)
    assert.match(said, /taken over as it is: .*altname warren-br7/)
    assert.match(said, /not now: .*missing0/)
    assert.match(said, /not now: .*nowhere/)
    assert.equal(await host.net.exec('ip -o link show'), before)
    assert.equal(existsSync(host.net.pathOf('/run/agent/state/containers.json')), false)
  },
)

test(
  'a link that somebody else made is taken over with `adopt: true` alone, without touching it when it matches',
  options,
  async (t) => {
    const host = await alone(t)
    for (const command of [
      'ip link add br0 type bridge',
      'ip address add 10.9.0.1/24 dev br0',
      'ip link set br0 up',
    ])
      await host.net.exec(command)
    const index = await indexOf(host, 'br0')
    await followed(host, link('br0', 'type: bridge, addresses: [10.9.0.2/24]'))
    assert.equal(host.status()?.objects[0]?.conditions[0]?.reason, 'LinkNotOurs')
    await followed(host, link('br0', 'type: bridge, addresses: [10.9.0.1/24], adopt: true'))
    assert.equal(host.status()?.objects[0]?.conditions[0]?.reason, 'AsWanted')
    assert.match(await host.net.exec('ip link show br0'), /altname warren-br0/)
    assert.deepEqual(host.status()?.repairs, [])
    await followed(host, link('br0', 'type: bridge, addresses: [10.9.0.2/24], adopt: true'))
    assert.match(await host.net.exec('ip address show br0'), /10\.9\.0\.2\/24/)
    assert.equal(await indexOf(host, 'br0'), index)
  },
)

test(
  'a setting that the kernel cannot change waits for consent, and with it the link is made anew',
  options,
  async (t) => {
    const host = await alone(t)
    const vxlan = (vni: number, more = ''): string =>
      link('vx0', `type: vxlan, addresses: [10.9.1.1/24], vxlan: { vni: ${vni}, local: 10.9.0.1 }${more}`)
    await followed(host, vxlan(7))
    const index = await indexOf(host, 'vx0')
    await followed(host, vxlan(8))
    assert.equal(host.status()?.objects[0]?.conditions[0]?.reason, 'ReplaceNeeded')
    assert.equal(await indexOf(host, 'vx0'), index)
    await followed(host, vxlan(8, ', replacePolicy: DeleteAndCreate'))
    assert.equal(host.status()?.objects[0]?.conditions[0]?.reason, 'AsWanted')
    assert.match(await host.net.exec('ip -d link show vx0'), /vxlan id 8/)
    assert.notEqual(await indexOf(host, 'vx0'), index)
  },
)

test('a link whose parent is missing waits, and comes when the parent does', options, async (t) => {
  const host = await alone(t)
  await followed(
    host,
    link('vx0', 'type: vxlan, vxlan: { vni: 7, link: under0 }') +
      link('br0', 'type: bridge, bridge: { ports: [vx0] }'),
  )
  const reasons = (): (string | undefined)[] =>
    host.status()?.objects.map((o) => o.conditions[0]?.reason) ?? []
  assert.equal(reasons().at(-1), 'ParentMissing')
  await host.net.exec('ip link add under0 type veth peer name under1')
  await eventually(() => reasons().every((r) => r === 'AsWanted'), { what: 'all are as wanted' })
  assert.match(await host.net.exec('ip link show vx0'), /master br0/)
})

test(
  'GC-15: status shows every link as the kernel has it, and each object with its generation',
  options,
  async (t) => {
    const host = await alone(t)
    await followed(
      host,
      link(
        'br0',
        'type: bridge, mtu: 1400, hardwareAddress: "02:00:00:00:00:09", addresses: [10.9.0.1/24], bridge: { ports: [v1] }',
      ) + link('v1', 'type: veth, veth: { peer: { interfaceName: v2, addresses: [10.9.0.2/24] } }'),
    )
    await host.net.exec('ip link property add dev br0 altname by-hand')
    await eventually(() => host.status()?.links[0]?.altNames.length === 1, { what: 'the other name is seen' })
    const [br0, v1] = host.status()?.links ?? []
    const { index, operState, settings, ...shown } = br0 ?? {}
    assert.ok(typeof index === 'number' && operState === 'up' && settings?.['ageingTime'] === 300)
    assert.deepEqual(shown, {
      name: 'br0',
      owner: 'NetlinkInterface/default/br0',
      kind: 'bridge',
      up: true,
      flags: ['UP', 'BROADCAST', 'RUNNING', 'MULTICAST'],
      mtuBytes: 1400,
      hardwareAddress: '02:00:00:00:00:09',
      altNames: ['by-hand'],
      addresses: ['10.9.0.1/24', 'fe80::ff:fe00:9/64'],
      ports: ['v1'],
    })
    assert.equal(v1?.master, 'br0')
    assert.equal(v1?.peer?.name, 'v2')
    assert.equal(v1?.peer?.operState, 'up')
    assert.ok(v1?.peer?.addresses.includes('10.9.0.2/24'))
    assert.deepEqual(
      host.status()?.objects.map((o) => [o.kind, o.namespace, o.name, o.generation, o.observedGeneration]),
      [
        ['NetlinkInterface', 'default', 'br0', 1, 1],
        ['NetlinkInterface', 'default', 'v1', 1, 1],
      ],
    )
  },
)
