/**
 * The kinds of NetlinkInterface that not every kernel makes, by a real agent: dummy, vlan, vrf, macvlan, ipip and gre,
 * on top of each other, up and down, and back after they are deleted (GC-09, GC-12).
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { patiently } from '../harness/eventually.ts'
import { needs, type Needs } from '../harness/needs.ts'
import { alone, followed, link } from './agent-objects.ts'

interface Row {
  readonly kind: string
  readonly kernel: NonNullable<Needs['kernel']>
  /** `plan(up)`; the link is `x0`. */
  readonly plan: (up: boolean) => string
  readonly shown: RegExp
}

const BELOW = link('d0', 'type: bridge, addresses: [10.9.0.1/24]')

const ROWS: readonly Row[] = [
  {
    kind: 'dummy',
    kernel: ['dummy'],
    plan: (up) =>
      link(
        'x0',
        `type: dummy, up: ${up}, mtu: 1400, hardwareAddress: "02:00:00:00:00:07", addresses: [10.9.3.1/24, "fd00:9::1/64", { local: 10.9.4.1, peer: 10.9.4.2/32 }]`,
      ),
    shown: /mtu 1400 .*02:00:00:00:00:07.* dummy /,
  },
  {
    kind: 'vlan',
    kernel: ['bridge', 'vlan'],
    plan: (up) =>
      BELOW + link('x0', `type: vlan, up: ${up}, addresses: [10.9.3.1/24], vlan: { link: d0, id: 7 }`),
    shown: /x0@d0.* vlan protocol 802\.1Q id 7 /,
  },
  {
    kind: 'vrf',
    kernel: ['bridge', 'vrf'],
    plan: (up) =>
      link('x0', `type: vrf, up: ${up}, vrf: { table: 1007 }`) +
      link(
        'd0',
        'type: bridge, master: x0, addresses: [10.9.0.1/24], routes: [{ to: 10.8.0.0/16, via: 10.9.0.2, table: 1007 }]',
      ),
    shown: / vrf table 1007 /,
  },
  {
    kind: 'macvlan',
    kernel: ['bridge', 'macvlan'],
    plan: (up) =>
      BELOW +
      link('x0', `type: macvlan, up: ${up}, addresses: [10.9.3.1/24], macvlan: { link: d0, mode: bridge }`),
    shown: /x0@d0.* macvlan mode bridge /,
  },
  {
    kind: 'ipip',
    kernel: ['ipip'],
    plan: (up) =>
      link(
        'x0',
        `type: ipip, up: ${up}, addresses: [10.9.3.1/24], ipip: { local: 192.0.2.1, remote: 192.0.2.2, ttl: 9 }`,
      ),
    shown: / ipip .*remote 192\.0\.2\.2 local 192\.0\.2\.1 ttl 9 /,
  },
  {
    kind: 'gre',
    kernel: ['gre'],
    plan: (up) =>
      link(
        'x0',
        `type: gre, up: ${up}, addresses: [10.9.3.1/24], gre: { local: 192.0.2.1, remote: 192.0.2.2, key: 7 }`,
      ),
    shown: / gre remote 192\.0\.2\.2 local 192\.0\.2\.1 .*ikey 0\.0\.0\.7 okey 0\.0\.0\.7/,
  },
]

for (const { kind, kernel, plan, shown } of ROWS) {
  const options = {
    ...needs({ root: true, kernel, tools: ['ip', 'nsenter', 'unshare'] }),
    timeout: patiently(60_000),
  }

  test(`GC-09 GC-12: ${kind} as asked, up and down, and back when it is deleted`, options, async (t) => {
    const host = await alone(t)
    await followed(host, plan(true))
    assert.deepEqual(host.status()?.problems, [])
    assert.match(await host.net.exec('ip -d -o link show x0'), shown)
    assert.ok(host.status()?.objects.every((o) => o.conditions[0]?.reason === 'AsWanted'))
    const repairs = await host.repairsAfter(() => host.net.exec('ip link delete x0'))
    assert.match(repairs.flatMap((r) => r.what).join('\n'), /ip link add .*x0/)
    assert.match(await host.net.exec('ip -d -o link show x0'), shown)
    await followed(host, plan(false))
    assert.doesNotMatch(await host.net.exec('ip -o link show x0'), /<[^>]*\bUP\b/)
    await followed(host, '# nothing is wanted\n')
    assert.equal(await host.net.succeeds('ip link show x0'), false)
  })
}
