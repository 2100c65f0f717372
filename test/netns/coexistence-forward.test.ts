/**
 * A relay beside docker: its FORWARD chain drops by policy, and the rule of docs/guides/coexistence.md in the chain
 * that is asked first lets ours through. The same rules as iptables makes of that line, written for nft.
 *
 *   left 10.1.0.2 ──── wg0 10.1.0.1  relay  lan 10.2.0.1 ──── 10.2.0.2 right
 */
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { Namespace } from '../harness/namespace.ts'
import { needs } from '../harness/needs.ts'

const DOCKER = `table ip filter {
  chain DOCKER-USER { return; }
  chain FORWARD {
    type filter hook forward priority filter; policy drop;
    jump DOCKER-USER
  }
}
`
const OURS = `insert rule ip filter DOCKER-USER oifname "wg0" ct state related,established accept
insert rule ip filter DOCKER-USER iifname "wg0" accept
`
const NEEDS = needs({
  root: true,
  kernel: ['veth', 'nftables'],
  tools: ['ip', 'nft', 'ping', 'busybox', 'nsenter', 'unshare'],
})

test(
  "a relay whose FORWARD chain drops forwards again with the guide's rule in DOCKER-USER",
  NEEDS,
  async (t) => {
    const [left, relay, right] = [await host(t, 'left'), await host(t, 'relay'), await host(t, 'right')]
    await relay.exec(`ip link add wg0 type veth peer name eth0 netns ${left.pid}`)
    await relay.exec(`ip link add lan type veth peer name eth0 netns ${right.pid}`)
    for (const [end, link, address] of [
      [left, 'eth0', '10.1.0.2/24'],
      [relay, 'wg0', '10.1.0.1/24'],
      [relay, 'lan', '10.2.0.1/24'],
      [right, 'eth0', '10.2.0.2/24'],
    ] as const) {
      await end.exec(`ip address add ${address} dev ${link}`)
      await end.exec(`ip link set ${link} up`)
    }
    await left.exec('ip route add default via 10.1.0.1')
    await right.exec('ip route add default via 10.2.0.1')
    await relay.exec('busybox sysctl -w net.ipv4.ip_forward=1')
    const passes = () => left.succeeds('ping -n -c 1 -W 2 10.2.0.2')

    assert.equal(await passes(), true, 'nothing stands in the way yet')
    await load(t, relay, DOCKER)
    assert.equal(await passes(), false, "docker's policy drops")
    await load(t, relay, OURS)
    assert.equal(await passes(), true, 'with the rules of the guide')
  },
)

async function host(t: TestContext, name: string): Promise<Namespace> {
  const namespace = await Namespace.create(name)
  t.after(() => namespace.close())
  return namespace
}

async function load(t: TestContext, on: Namespace, rules: string): Promise<void> {
  const folder = mkdtempSync('/var/tmp/warren-nft-')
  t.after(() => rmSync(folder, { recursive: true }))
  writeFileSync(join(folder, 'rules'), rules)
  await on.exec(`nft -f ${join(folder, 'rules')}`)
}
