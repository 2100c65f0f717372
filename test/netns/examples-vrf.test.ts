/** The example of VLANs in VRFs. Alone in its file, because where it has to run, in the VM, time is dear. */
import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { test } from 'node:test'
import { eventually, patiently } from '../harness/eventually.ts'
import { connect, Namespace } from '../harness/namespace.ts'
import { needs } from '../harness/needs.ts'
import { AgentHost, lockFor, REACHED_MS, USERSPACE_MAKES } from './agent-hosts.ts'

const withVrf = {
  ...needs({ root: true, kernel: ['vlan', 'vrf', 'veth'], tools: ['ip', 'ping', 'nsenter', 'unshare'] }),
  timeout: patiently(120_000),
}

test('GC-09 vlans-and-vrf.yaml: one address on two VLANs, each in its VRF', withVrf, async (t) => {
  const [net, other] = [await Namespace.create('a'), await Namespace.create('other')]
  t.after(() => [net, other].forEach((one) => one.close()))
  const a = new AgentHost('a', net, USERSPACE_MAKES[0])
  await connect([net], [other])
  for (const id of [10, 20]) {
    await other.exec(`ip link add link eth0 name v${id} type vlan id ${id}`)
    await other.exec(`ip link set v${id} up`)
  }
  await other.exec('ip address add 10.0.0.254/24 dev v10')
  const text = readFileSync('examples/vlans-and-vrf.yaml', 'utf8')
  a.writePlan(text, await lockFor(text, []))
  writeFileSync(net.pathOf('/run/agent/agent.yaml'), 'defaultRoute: true\n')
  const { code, said } = await a.once()
  assert.equal(code, 0, said)
  const ping = () => net.succeeds('ping -c 1 -W 1 -I blue 10.0.0.254')
  await eventually(ping, { what: 'the other end answers in blue', timeoutMs: REACHED_MS })
  assert.equal(await net.succeeds('ping -c 1 -W 1 -I red 10.0.0.254'), false)
  assert.match(await net.exec('ip route show table 1020'), /default via 10\.0\.0\.254 dev eth0\.20/)
})
