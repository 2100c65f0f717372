/**
 * All traffic of a node through another one, as wg-quick does it: a mark on the tunnel's own packets, a table with
 * the default route, and rules. Only where the node's own bounds allow it.
 *
 *    a (hub) 192.0.2.1, 198.51.100.9 ──────── 192.0.2.2 b
 */
import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { test } from 'node:test'
import { eventually, patiently } from '../harness/eventually.ts'
import { needs } from '../harness/needs.ts'
import { lockFor, pair, pings, REACHED_MS, USERSPACE_MAKES } from './agent-hosts.ts'

const PLAN = `
apiVersion: warren.dev/v1alpha1
kind: WireGuardNetworkPlan
metadata: { name: home }
spec:
  cidrs: [10.88.0.0/24]
  topology: HubAndSpoke
  hubs: [a]
  interface: { name: wg0 }
  nodes:
  - { name: a, endpoint: "192.0.2.1:51820" }
  - { name: b, defaultRoute: { via: a } }
`

for (const make of USERSPACE_MAKES)
  test(`a default route through ${make.name} is refused until the node allows it, and goes without a trace`, {
    ...needs(make.needs),
    timeout: patiently(240_000),
  }, async (t) => {
    const [a, b] = await pair(t, make)
    await a.net.exec('ip address add 198.51.100.9/32 dev lo')
    const lock = await lockFor(PLAN, [a, b])
    for (const host of [a, b]) host.writePlan(PLAN, lock)
    const rules = await b.net.exec('ip rule')
    a.start()
    await a.converged()
    const refused = await b.once()
    assert.equal(refused.code, 2)
    assert.match(refused.said, /default route 0\.0\.0\.0\/0 is beyond what this node allows/)
    assert.equal(await b.net.succeeds('ip link show wg0'), false)

    writeFileSync(b.net.pathOf('/run/agent/agent.yaml'), 'defaultRoute: true\n')
    b.start()
    await b.converged()
    await eventually(() => pings(b, '198.51.100.9'), { timeoutMs: REACHED_MS, what: 'b goes out through a' })
    // The tunnel's own packets do not go through the tunnel, and neighbours stay neighbours.
    assert.ok(await pings(b, '192.0.2.1'))
    assert.equal((await b.net.exec('sysctl -n net.ipv4.conf.all.src_valid_mark')).trim(), '1')
    const repairs = await b.repairsAfter(() =>
      b.net.exec('ip rule delete table main suppress_prefixlength 0'),
    )
    assert.match(repairs[0]?.what.join('\n') ?? '', /ip rule add table 254 suppress_prefixlength 0/)

    await b.signal('SIGTERM')
    assert.equal((await b.once('--remove-on-exit')).code, 0)
    assert.equal(await b.net.exec('ip rule'), rules)
    assert.equal(await pings(b, '198.51.100.9'), false)
  })
