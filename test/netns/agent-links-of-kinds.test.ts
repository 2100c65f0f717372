/**
 * NetlinkInterface objects on one node, by a real agent: every kind that this kernel makes (GC-09), bridge ports as an
 * exact set (GC-10), and drift of all of them (GC-12). The same on other kernels runs in the VM.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { patiently } from '../harness/eventually.ts'
import { needs } from '../harness/needs.ts'
import { alone, followed, link } from './agent-objects.ts'

const options = {
  ...needs({
    root: true,
    kernel: ['veth', 'bridge', 'vxlan'],
    tools: ['ip', 'bridge', 'nsenter', 'unshare'],
  }),
  timeout: patiently(120_000),
}

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
