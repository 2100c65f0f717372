/** The interfaces of a plan as objects. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { formatObjects, parseObjects } from '../model/index.ts'
import { childObjects } from './child-objects.ts'
import { keyOf, objectsOf, planOf, withKeys } from './fixture.ts'
import { NO_ALLOCATIONS } from '../model/index.ts'

const LINKS = `
topology: Links
nodes:
- { name: lax1, endpoint: 192.168.65.3 }
- { name: a-node-whose-name-is-much-longer-than-what-fits-into-a-label-of-kubernetes }
links:
- ends:
  - { node: lax1, addresses: [{ local: 10.4.0.1, peer: 10.4.0.2/32 }] }
  - { node: a-node-whose-name-is-much-longer-than-what-fits-into-a-label-of-kubernetes }
`.replaceAll(
  'a-node-whose-name-is-much-longer-than-what-fits-into-a-label-of-kubernetes',
  'lax2.a-very-long-zone-whose-name-is-made-up.and-longer-than-labels.example',
)

test('GC-01 explicit links give one WireGuardInterface per direction, with its peer, labelled and named within bounds', () => {
  const objects = objectsOf(LINKS)
  const children = childObjects(withKeys(objects, NO_ALLOCATIONS).intents, objects)
  assert.equal(children.length, 2)
  const [one, two] = children
  assert.deepEqual(one?.metadata, {
    name: `net-${one?.spec.interfaceName}`,
    namespace: 'default',
    labels: {
      'warren.dev/plan': 'net',
      'warren.dev/node': 'lax1',
      'warren.dev/peer': two?.metadata.labels?.['warren.dev/node'],
    },
  })
  assert.ok((two?.metadata.labels?.['warren.dev/node'] ?? '').length <= 63)
  assert.ok(children.every(({ spec }) => spec.interfaceName.length <= 15))
  assert.deepEqual(one?.spec.addresses, [{ local: '10.4.0.1', peer: '10.4.0.2/32' }])
  assert.deepEqual(
    two?.spec.peers.map(({ publicKey, endpoint, allowedIPs, persistentKeepalive }) => ({
      publicKey,
      endpoint,
      allowedIPs,
      persistentKeepalive,
    })),
    [
      {
        publicKey: keyOf('lax1'),
        endpoint: '192.168.65.3:51820',
        allowedIPs: ['0.0.0.0/0', '::/0'],
        persistentKeepalive: 25,
      },
    ],
  )
})

test('GC-01 other topologies give one WireGuardInterface per node, without peers; a plan with a uid owns them', () => {
  const [plan] = objectsOf(
    'cidrs: [10.0.0.0/24]\nhubs: [h]\nnodes: [{ name: h, endpoint: 192.0.2.1 }, { name: a }]',
  )
  assert.ok(plan?.kind === 'WireGuardNetworkPlan')
  const objects = [{ ...plan, metadata: { ...plan.metadata, uid: 'c0ffee' } }]
  const children = childObjects(withKeys(objects, NO_ALLOCATIONS).intents, objects)
  assert.deepEqual(
    children.map(({ metadata }) => metadata.name),
    ['net-a', 'net-h'],
  )
  assert.ok(children.every(({ spec }) => spec.peers.length === 0))
  assert.deepEqual(children[0]?.metadata['ownerReferences'], [
    {
      apiVersion: 'warren.dev/v1alpha1',
      kind: 'WireGuardNetworkPlan',
      name: 'net',
      uid: 'c0ffee',
      controller: true,
      blockOwnerDeletion: true,
    },
  ])
})

test('the objects of links are valid WireGuardInterfaces and plan to the same interfaces', () => {
  const objects = objectsOf(LINKS)
  const planned = withKeys(objects, NO_ALLOCATIONS)
  const { objects: read, problems } = parseObjects(formatObjects(childObjects(planned.intents, objects)), {
    file: 'x',
  })
  assert.deepEqual(problems, [])
  const again = withKeys(read, NO_ALLOCATIONS)
  assert.deepEqual(again.problems, [])
  for (const [node, { interfaces }] of planned.intents) {
    const one = again.intents.get(node)?.interfaces[0]
    assert.deepEqual(one?.peers, interfaces[0]?.peers)
    assert.deepEqual(one?.addresses, interfaces[0]?.addresses)
    assert.equal(one?.listenPort, interfaces[0]?.listenPort)
  }
})

test('an interface that is to live in a container is in one as an object too', () => {
  const places = [
    '{ docker: { name: web } }',
    '{ podman: { name: web } }',
    '{ containerd: { id: x, namespace: k8s.io } }',
    '{ cri: { id: x } }',
    '{ pod: { namespace: default, name: web } }',
    '{ pid: 7 }',
    '{ netns: blue }',
  ]
  const nodes = places.map((place, index) => `{ name: n${index}, container: ${place} }`)
  const objects = objectsOf(
    `cidrs: [10.0.0.0/24]\nhubs: [h]\nnodes: [{ name: h, endpoint: 192.0.2.1 }, ${nodes.join(', ')}]`,
  )
  const planned = withKeys(objects, NO_ALLOCATIONS)
  const again = withKeys(childObjects(planned.intents, objects), NO_ALLOCATIONS)
  for (const [node, { interfaces }] of planned.intents) {
    assert.deepEqual(again.intents.get(node)?.interfaces[0]?.container, interfaces[0]?.container)
  }
})

test('a private key is in no object, and a reference stays a reference', () => {
  const key = keyOf('private')
  const result = planOf(`topology: Links
nodes:
- { name: a, endpoint: 192.0.2.1, privateKey: ${key} }
- { name: b }
links: [{ ends: [{ node: a }, { node: b }] }]`)
  const objects = objectsOf('topology: Links\nnodes: []')
  assert.ok(!formatObjects(childObjects(result.intents, objects)).includes(key))
  assert.ok(!JSON.stringify([...result.intents]).includes(key))
  assert.ok(!JSON.stringify(result.allocations).includes(key))
})
