/**
 * GC-11: layer 2 over the tunnel, and between two containers. Multicast to all nodes (ff02::1) gets an answer from
 * the other end, which it only does when it really arrived.
 *
 *    a  192.0.2.1 ──────────────────── 192.0.2.2  b        web ── veth ── db
 *       wg0 10.4.0.1 ═══ WireGuard ═══ 10.4.0.2 wg0         two containers on one node
 *       vx0 fe80::a  ───── vxlan ───── fe80::b  vx0
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { generatePrivateKey, publicKeyOf } from '../../src/agent/index.ts'
import { eventually, patiently } from '../harness/eventually.ts'
import { connect, Namespace } from '../harness/namespace.ts'
import { needs } from '../harness/needs.ts'
import { type AgentHost, KERNEL_MAKE, REACHED_MS, USERSPACE_MAKES } from './agent-hosts.ts'
import { alone, followed, link } from './agent-objects.ts'

const KEYS = { a: generatePrivateKey(), b: generatePrivateKey() }

const endOf = (node: 'a' | 'b'): string => {
  const [own, other, peer] = node === 'a' ? ([1, 2, 'b'] as const) : ([2, 1, 'a'] as const)
  return `---
apiVersion: warren.dev/v1alpha1
kind: WireGuardInterface
metadata: { name: wg0-${node} }
spec:
  node: ${node}
  interfaceName: wg0
  privateKey: "${KEYS[node]}"
  listenPort: 51820
  addresses: [10.4.0.${own}/24]
  peers: [{ publicKey: "${publicKeyOf(KEYS[peer])}", endpoint: "192.0.2.${other}:51820", allowedIPs: [10.4.0.${other}/32] }]
---
apiVersion: warren.dev/v1alpha1
kind: NetlinkInterface
metadata: { name: vx0-${node} }
spec:
  node: ${node}
  interfaceName: vx0
  type: vxlan
  addresses: ["fe80::${node}/64"]
  vxlan: { vni: 11, link: wg0, local: 10.4.0.${own}, remote: 10.4.0.${other} }
`
}

/**
 * Whether somebody answers when everyone on a link is called. Who calls hears itself first; the other end answers from
 * whichever of its link-local addresses is ready.
 */
const hears = async (net: Namespace, dev: string): Promise<boolean> => {
  const said = await net.exec(`ping -c 2 -i 0.3 -W 1 -I ${dev} ff02::1`).catch(() => '')
  return new Set([...said.matchAll(/bytes from (fe80::[0-9a-f:]+)/g)].map((m) => m[1])).size > 1
}

for (const make of [USERSPACE_MAKES[0], KERNEL_MAKE]) {
  const kernel = [...(make.needs.kernel ?? []), 'vxlan'] as const
  const options = { ...needs({ ...make.needs, kernel }), timeout: patiently(120_000) }

  test(
    `GC-11: a vxlan over WireGuard reaches all nodes at the other end, on ${make.name}`,
    options,
    async (t) => {
      const hosts: [AgentHost, AgentHost] = [await alone(t, { make }), await alone(t, { make, node: 'b' })]
      const [a, b] = hosts
      await connect([a.net, '192.0.2.1/24'], [b.net, '192.0.2.2/24'])
      for (const host of hosts) await followed(host, endOf('a') + endOf('b'))
      assert.deepEqual(
        a.status()?.objects.map((o) => o.conditions[0]?.reason),
        ['AsWanted', 'AsWanted'],
      )
      await eventually(() => hears(a.net, 'vx0'), { timeoutMs: REACHED_MS, what: 'b answers' })
      await eventually(() => hears(b.net, 'vx0'), { timeoutMs: REACHED_MS, what: 'a answers' })
      // The vxlan goes with the link below it, and both come back in one pass.
      const repairs = await a.repairsAfter(() => a.net.exec('ip link delete wg0'))
      assert.match(repairs.flatMap((r) => r.what).join('\n'), /vx0/)
      await eventually(() => hears(b.net, 'vx0'), {
        timeoutMs: REACHED_MS,
        what: 'a answers again',
      })
    },
  )
}

const veth = {
  ...needs({ root: true, kernel: ['veth'], tools: ['ip', 'ping', 'nsenter', 'unshare'] }),
  timeout: patiently(60_000),
}

test('GC-11: a veth between two containers reaches all nodes at the other end', veth, async (t) => {
  const a = await alone(t)
  const [web, db] = [await Namespace.create('web'), await Namespace.create('db')]
  for (const net of [web, db]) t.after(() => net.close())
  await followed(
    a,
    link(
      'pair',
      `type: veth, interfaceName: eth1, container: { pid: ${web.pid} }, addresses: ["fe80::a/64", 10.7.0.1/24], veth: { peer: { interfaceName: eth1, container: { pid: ${db.pid} }, addresses: ["fe80::b/64", 10.7.0.2/24] } }`,
    ),
  )
  assert.deepEqual(a.status()?.problems, [])
  assert.equal(await a.net.succeeds('ip link show eth1'), false)
  await eventually(() => hears(web, 'eth1'), { timeoutMs: REACHED_MS, what: 'db answers' })
  await eventually(() => hears(db, 'eth1'), { timeoutMs: REACHED_MS, what: 'web answers' })
  const [shown] = a.status()?.links ?? []
  assert.equal(shown?.peer?.container, `pid:${db.pid}`)
  assert.equal(shown?.peer?.operState, 'up')
  await a.repairsAfter(() => db.exec('ip link delete eth1'))
  await eventually(() => hears(web, 'eth1'), { timeoutMs: REACHED_MS, what: 'db answers again' })
})
