/**
 * The agent is killed with SIGKILL after each of its steps in turn, and another one is started. Whatever the first
 * left half done, the second ends where an undisturbed one does; and when nothing is wanted any more, nothing is left.
 *
 *    node a: br0 ── p0 ═ veth ═ eth0 in the container, which also has wg0; vx0 over br0
 */
import assert from 'node:assert/strict'
import { execFileSync, spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { test } from 'node:test'
import { generatePrivateKey, publicKeyOf } from '../../src/agent/index.ts'
import { CLONE_NEWNET, loadSyscalls, newNetns, withNetns } from '../../src/linux/index.ts'
import { formatAllocations, NO_ALLOCATIONS } from '../../src/model/index.ts'
import { patiently } from '../harness/eventually.ts'
import { needs } from '../harness/needs.ts'
import { link } from './agent-objects.ts'
import { runOnce } from './killed-agent.ts'

const options = {
  ...needs({ root: true, kernel: ['veth', 'bridge', 'vxlan', 'tun'], tools: ['ip', 'bridge'] }),
  timeout: patiently(600_000),
}

const LOCK = formatAllocations(NO_ALLOCATIONS)
const KEY = generatePrivateKey()
const PEER = publicKeyOf(generatePrivateKey())

const linksPlan = (container: string): string =>
  [
    link('br0', 'type: bridge, mtu: 1450, addresses: [10.9.0.1/24], bridge: { ports: [p0] }'),
    link(
      'p0',
      `type: veth, mtu: 1450, veth: { peer: { interfaceName: eth0, mtu: 1450, addresses: [10.9.0.2/24], routes: [{ to: 0.0.0.0/0, via: 10.9.0.1 }], container: { netns: ${container} } } }`,
    ),
    link(
      'vx0',
      'type: vxlan, addresses: [10.9.1.1/24], routes: [{ to: 10.8.0.0/16, via: 10.9.1.2 }], vxlan: { vni: 7, link: br0, local: 10.9.0.1, ttl: 9, forwarding: [{ destination: 10.9.0.7 }] }',
    ),
  ].join('')

const tunnelPlan = (container: string): string => `
apiVersion: warren.dev/v1alpha1
kind: WireGuardInterface
metadata: { name: in }
spec:
  node: a
  interfaceName: wg0
  privateKey: "${KEY}"
  listenPort: 51801
  container: { netns: ${container} }
  addresses: [10.4.0.1/24]
  peers: [{ publicKey: "${PEER}", allowedIPs: [10.4.0.2/32] }]
`

const sys = loadSyscalls()

/** What ip(8) shows in a namespace, but for numbers and addresses that differ each time. */
const shapeOf = (netns: number): string => {
  const say = (...words: string[]): string =>
    execFileSync(words[0] ?? '', words.slice(1), { encoding: 'utf8' })
  const text = withNetns(sys, netns, () =>
    [say('ip', '-o', 'link', 'show'), say('ip', '-o', 'address', 'show'), say('ip', 'route', 'show')].join(
      '',
    ),
  )
  return text
    .replaceAll(/^\d+: /gm, '')
    .replaceAll(/@if\d+/g, '@if')
    .replaceAll(/(?:[0-9a-f]{2}:){5}[0-9a-f]{2}/g, 'MAC')
    .replaceAll(/link-netns(?:id)? \S+|tentative |linkdown |state \S+|qdisc \S+|<\S+>/g, '')
    .split('\n')
    .filter((line) => line !== '' && !line.includes('fe80::') && !/\blo\b/.test(line))
    .map((line) => line.trim().replaceAll(/ +/g, ' '))
    .toSorted()
    .join('\n')
}

const WORLDS = [
  { name: 'links in two namespaces', planFor: linksPlan },
  { name: 'WireGuard in a container', planFor: tunnelPlan },
] as const

for (const { name, planFor } of WORLDS)
  test(
    `an agent killed after any of its steps is followed by one that finishes: ${name}`,
    options,
    async (t) => {
      assert.equal(sys.unshare(CLONE_NEWNET), 0)
      const own = sys.open('/proc/thread-self/ns/net', 0)
      const dir = mkdtempSync(join(tmpdir(), 'warren-killed-'))
      t.after(() => rmSync(dir, { recursive: true }))
      for (const name of ['plans', 'run', 'uapi']) mkdirSync(join(dir, name))
      const wants = (text: string): void => {
        writeFileSync(join(dir, 'plans', 'x.lock.yaml'), LOCK)
        writeFileSync(join(dir, 'plans', 'x.yaml'), text)
      }
      /** Another container each time, as after a restart. */
      const round = async (when: string, killAfter: number) => {
        const inside = newNetns(sys)
        wants(planFor(`/proc/${process.pid}/fd/${inside}`))
        if (killAfter > 0) {
          const killed = spawnSync(process.execPath, [
            resolve('test/netns/killed-agent.ts'),
            String(killAfter),
            dir,
          ])
          assert.equal(killed.signal, 'SIGKILL', `${when}: ${killed.stderr.toString()}`)
        }
        const ran = await runOnce(dir)
        assert.equal(ran.asWanted, true, `${when}: ${ran.log}`)
        const shape = [shapeOf(own), shapeOf(inside)]
        assert.equal((await runOnce(dir)).steps, 0, when)
        wants('# nothing is wanted\n')
        assert.equal((await runOnce(dir)).asWanted, true, when)
        assert.deepEqual([shapeOf(own), shapeOf(inside)], ['', ''], `left over ${when}`)
        sys.close(inside)
        return { ...ran, shape }
      }
      const undisturbed = await round('undisturbed', 0)
      t.diagnostic(`${undisturbed.steps} steps`)
      for (let after = 1; after <= undisturbed.steps; after++) {
        const { shape } = await round(`after step ${after}`, after)
        assert.deepEqual(shape, undisturbed.shape, `after step ${after}`)
      }
    },
  )
