/** Hub first, or last when that would cut the others off. */
import assert from 'node:assert/strict'
import { test } from 'node:test'

import { type Allocations, parseObjects } from '../../model/index.ts'
import { plan } from '../../plan/index.ts'
import { pushOrder } from './push-order.ts'

const KEYS = [
  'yAnz5TF+lXXJte14tji3zlMNq+hd2rYUIgJBgB3fBmk=',
  'xTIBA5rboUvnH4htodjb6e697QjLERt1NAB4mZqp8Dg=',
  'TrMvSoP4jYQlY6RIzBgbssQqY3vxI2Pi+y71lOWWXX0=',
]

const HUB = `
apiVersion: warren.dev/v1alpha1
kind: WireGuardNetworkPlan
metadata: { name: home }
spec:
  cidrs: [10.0.0.0/24]
  hubs: [hub]
  interface: { name: wg0 }
  nodes:
  - { name: a }
  - { name: hub, endpoint: "hub.example.net:51820" }
  - { name: z }
`

function intentsOf(text: string, names: readonly string[]) {
  const nodes = Object.fromEntries(
    names.map((name, index) => [name, { addresses: [], publicKey: KEYS[index] ?? '', interfaces: [] }]),
  )
  const allocations: Allocations = { networks: { 'default/home': { nodes } } }
  const result = plan(parseObjects(text, { file: 'x' }).objects, allocations)
  assert.deepEqual(result.problems, [])
  return result.intents
}

const hubRuns = (change: object) =>
  new Map([['hub', [{ name: 'wg0', publicKey: KEYS[1], listenPort: 51820, ...change }]]])

test('a hub goes first, alone, when nothing runs yet or nothing about reaching it changes', () => {
  const intents = intentsOf(HUB, ['a', 'hub', 'z'])
  const want = [
    { nodes: ['hub'], anchor: true },
    { nodes: ['a', 'z'], anchor: false },
  ]
  assert.deepEqual(pushOrder(intents, { nodes: [...intents.keys()], running: new Map() }), want)
  assert.deepEqual(pushOrder(intents, { nodes: [...intents.keys()], running: hubRuns({}) }), want)
})

test('a hub whose port, key or interface changes goes last, so that those behind it are still reached', () => {
  const intents = intentsOf(HUB, ['a', 'hub', 'z'])
  for (const change of [{ listenPort: 4000 }, { publicKey: KEYS[2] }, { name: 'wg9' }]) {
    assert.deepEqual(
      pushOrder(intents, { nodes: [...intents.keys()], running: hubRuns(change) }).map(
        (stage) => stage.nodes,
      ),
      [['a', 'z'], ['hub']],
    )
  }
})

test('a node that pushes from behind a hub that changes goes after the hub', () => {
  const intents = intentsOf(HUB, ['a', 'hub', 'z'])
  const order = (self: string, running: ReturnType<typeof hubRuns>) =>
    pushOrder(intents, { nodes: [...intents.keys()], running, self }).map((stage) => stage.nodes)
  assert.deepEqual(order('a', hubRuns({ listenPort: 4000 })), [['z'], ['hub'], ['a']])
  assert.deepEqual(order('a', hubRuns({})), [['hub'], ['a', 'z']])
  assert.deepEqual(order('hub', hubRuns({ listenPort: 4000 })), [['a', 'z'], ['hub']])
})

test('a hub goes first in a plan without keys too, as a dry run shows it', () => {
  const intents = intentsOf(HUB, [])
  assert.deepEqual(pushOrder(intents, { nodes: [...intents.keys()], running: new Map() }), [
    { nodes: ['hub'], anchor: true },
    { nodes: ['a', 'z'], anchor: false },
  ])
})

test('nodes that nobody calls are one stage', () => {
  const intents = intentsOf(HUB.replace('  hubs: [hub]\n', '  topology: Mesh\n  relays: [hub]\n'), [])
  const plain = new Map([...intents].filter(([node]) => node !== 'hub'))
  assert.deepEqual(pushOrder(plain, { nodes: [...plain.keys()], running: new Map() }), [
    { nodes: ['a', 'z'], anchor: false },
  ])
})
