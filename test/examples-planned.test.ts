/** What the examples plan to: the inventories that they were taken from. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { NO_ALLOCATIONS, parseObjects } from '../src/model/index.ts'
import { pathTo } from '../src/plan/index.ts'
import { formatPlan, formatProblems, withKeys } from '../src/plan/fixture.ts'

function planned(name: string) {
  const file = `examples/${name}.yaml`
  const { objects, problems } = parseObjects(readFileSync(file, 'utf8'), { file })
  assert.deepEqual(problems, [])
  const result = withKeys(objects, NO_ALLOCATIONS)
  assert.deepEqual(formatProblems(result), [])
  return result
}

test('HC-01 the homelab keeps its addresses: a hub with a peer per machine, spokes with the network behind the hub', () => {
  const result = planned('homelab')
  assert.equal(
    `\n${formatPlan(result, ['phy01', 'k3s', 'black-intel'])}`,
    `
phy01 wg0 port 51820 mtu 1420
  address 10.0.0.1/24
  address fd00:10::1/64
  peer black-intel allowed 10.0.0.7/32 fd00:10::7/128
  peer k3s allowed 10.0.0.4/32 fd00:10::4/128
  peer lenovo-laptop allowed 10.0.0.6/32 fd00:10::6/128
  peer rpi4 allowed 10.0.0.3/32 fd00:10::3/128
  peer white-amd allowed 10.0.0.2/32 fd00:10::2/128
  forwards inet inet6
k3s wg0 port 51820 mtu 1420
  address 10.0.0.4/24
  address fd00:10::4/64
  peer phy01 allowed 10.0.0.0/24 fd00:10::/64 endpoint hub.example.net:51820 keepalive 25
black-intel wg0 port 51820 mtu 1420
  address 10.0.0.7/24
  address fd00:10::7/64
  peer phy01 allowed 10.0.0.0/24 fd00:10::/64 endpoint hub.example.net:51820 keepalive 25
  peer rpi4 allowed 10.0.0.3/32 fd00:10::3/128 endpoint 192.168.7.30:51820 keepalive 25 while-alive`,
  )
  const direct = result.links.map(({ a, b }) => `${a} ${b}`)
  assert.equal(direct.length, 7)
  assert.ok(direct.includes('lenovo-laptop white-amd') && direct.includes('black-intel rpi4'))
})

test('BS-01 BS-02 the /24 has a hub and 253 peers, each with its own address, the public port apart from the listen port', () => {
  const result = planned('kubernetes-24')
  assert.equal(result.intents.size, 254)
  const hub = result.intents.get('hub')?.interfaces[0]
  assert.equal(hub?.listenPort, 51820)
  assert.deepEqual(hub?.addresses, [{ local: '10.6.0.1', prefixLength: 24 }])
  const peers = new Map(hub?.peers.map((peer) => [peer.node, peer.allowedIPs.join()]))
  assert.equal(peers.size, 253)
  for (let n = 2; n <= 254; n++) {
    assert.equal(peers.get(`peer-${n}`), `10.6.0.${n}/32`)
    const own = result.intents.get(`peer-${n}`)?.interfaces[0]
    assert.deepEqual(own?.addresses, [{ local: `10.6.0.${n}`, prefixLength: 24 }])
    assert.deepEqual(
      own?.peers.map(({ endpoint, allowedIPs, persistentKeepaliveSeconds }) => ({
        endpoint,
        allowedIPs,
        persistentKeepaliveSeconds,
      })),
      [
        {
          endpoint: { host: 'example.com', port: 15220 },
          allowedIPs: ['10.6.0.0/24'],
          persistentKeepaliveSeconds: 25,
        },
      ],
    )
  }
})

test('GC-01 GC-06 two nodes have one interface each, with the written point-to-point addresses', () => {
  assert.equal(
    `\n${formatPlan(planned('two-nodes'))}`,
    `
lax1 wg-lax1-lax2-0 port 52820 mtu 1420
  address 10.4.0.1 peer 10.4.0.2/32
  address fe80::1771 peer fe80::a:1771/64
  peer lax2 allowed 0.0.0.0/0 ::/0
lax2 wg-lax2-lax1-0 port 51800 mtu 1420
  address 10.4.0.2 peer 10.4.0.1/32
  address fe80::a:1771 peer fe80::1771/64
  peer lax1 allowed 0.0.0.0/0 ::/0 endpoint 192.168.65.3:52820 keepalive 25`,
  )
})

test('BS-08 in the mesh every node reaches every other, the two behind NAT through the relay', () => {
  const { intents } = planned('mesh-dual-stack')
  const nodes = [...intents.keys()]
  for (const from of nodes) {
    for (const to of nodes.filter((one) => one !== from)) {
      for (const { local } of intents.get(to)?.interfaces[0]?.addresses ?? []) {
        const path = pathTo(intents, { from, to: local })
        assert.equal(path.kind, 'arrives')
        const isRelayed = [from, to].toSorted((a, b) => (a < b ? -1 : 1)).join() === 'laptop,office'
        assert.deepEqual(path.nodes, isRelayed ? [from, 'paris', to] : [from, to])
      }
    }
  }
  assert.deepEqual(pathTo(intents, { from: 'laptop', to: '192.168.70.9' }).nodes, [
    'laptop',
    'paris',
    'office',
  ])
})
