/** A node that joins writes one WireGuardPeer; and what the plan says of a node wins over what it published. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { NO_ALLOCATIONS } from '../model/index.ts'
import { formatPlan, formatProblems, keyOf, objectsOf } from './fixture.ts'
import { plan } from './plan.ts'

const PLAN = `
cidrs: [10.0.0.0/24]
hubs: [h]
nodes:
- { name: h, endpoint: 192.0.2.1, publicKey: ${keyOf('h')} }
- { name: a, site: s }
`

const peer = (spec: string, name: string): string =>
  `apiVersion: warren.dev/v1alpha1\nkind: WireGuardPeer\nmetadata: { name: ${name} }\nspec: { network: net, ${spec} }\n`

test('a WireGuardPeer brings a node into its network, with its key and addresses', () => {
  const published = peer(
    `node: new, publicKey: ${keyOf('new')}, addresses: [10.0.0.77], allowedNetworks: [172.16.0.0/24], site: s, localEndpoint: 192.168.1.7`,
    'new',
  )
  const own = peer(`node: a, publicKey: ${keyOf('a')}, endpoint: "192.0.2.9:1", site: elsewhere`, 'a')
  const result = plan([...objectsOf(PLAN), ...objectsOf(published), ...objectsOf(own)], NO_ALLOCATIONS)
  assert.deepEqual(formatProblems(result), [])
  assert.deepEqual(result.publicKeysMissing, [])
  assert.equal(
    `\n${formatPlan(result)}`,
    `
a wg-net port 51820 mtu 1420
  address 10.0.0.1/24
  peer h allowed 10.0.0.0/24 endpoint 192.0.2.1:51820
  peer new allowed 10.0.0.77/32 endpoint 192.168.1.7:51820 keepalive 25 while-alive
h wg-net port 51820 mtu 1420
  address 10.0.0.2/24
  peer a allowed 10.0.0.1/32 endpoint 192.0.2.9:1
  peer new allowed 10.0.0.77/32 172.16.0.0/24
  route 172.16.0.0/24 table 254
  forwards inet
new wg-net port 51820 mtu 1420
  address 10.0.0.77/24
  peer a allowed 10.0.0.1/32 endpoint 192.0.2.9:1 keepalive 25 while-alive
  peer h allowed 10.0.0.0/24 endpoint 192.0.2.1:51820 keepalive 25
  forwards inet`,
  )
})

test('a node whose key nobody knows is no peer of others yet, and is named as missing', () => {
  const result = plan(objectsOf(PLAN.replace('name: a,', 'name: a, agent: false,')), NO_ALLOCATIONS)
  assert.deepEqual(formatProblems(result), [])
  assert.deepEqual(result.publicKeysMissing, [{ network: 'default/net', node: 'a', agent: false }])
  assert.deepEqual(result.intents.get('h')?.interfaces[0]?.peers, [])
  assert.equal(result.intents.get('a')?.interfaces[0]?.peers.length, 1)
  assert.deepEqual(result.links, [{ a: 'a', b: 'h', network: 'default/net' }])
})

test('nodes that are gone leave the new allocations, and their addresses are free again', () => {
  const before = plan(objectsOf(PLAN), NO_ALLOCATIONS).allocations
  const after = plan(objectsOf(PLAN.replace('name: a,', 'name: b,')), before).allocations
  assert.deepEqual(Object.keys(after.networks['default/net']?.nodes ?? {}), ['b', 'h'])
  assert.deepEqual(after.networks['default/net']?.nodes['b']?.addresses, ['10.0.0.1'])
})

test('a preshared key is at both ends of its pair and nowhere else', () => {
  const secret = `apiVersion: v1\nkind: Secret\nmetadata: { name: psk }\nstringData: { k: ${keyOf('psk')} }\n`
  const psk = 'presharedKeys: [{ nodes: [a, h], secretRef: { name: psk, key: k } }]'
  const nodes = PLAN.replace('site: s', `publicKey: ${keyOf('a')}`)
  const result = plan([...objectsOf(nodes + psk), ...objectsOf(secret)], NO_ALLOCATIONS)
  assert.deepEqual(formatProblems(result), [])
  const source = { kind: 'secret', namespace: 'default', name: 'psk', key: 'k' }
  assert.deepEqual(result.intents.get('a')?.interfaces[0]?.peers[0]?.presharedKey, source)
  assert.deepEqual(result.intents.get('h')?.interfaces[0]?.peers[0]?.presharedKey, source)
})
