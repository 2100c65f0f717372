/** What a node gets of other nodes' keys: nothing, also where several nodes share one Secret. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { formatObjects, NO_ALLOCATIONS, parseObjects } from '../model/index.ts'
import { objectsForNode } from './objects-for-node.ts'
import { plan } from './plan.ts'

const KEY_A = 'QMbOl2EYyXm5t7gkxHFiqw8EPcIeDO1GiSlQEk9vcHc='
const KEY_B = 'cGKK4g3LqkWwCxR9Q9kpN1pZbHBp4ks8EIRsKEqZYXk='
const PAIR = 'gN65BkIKy1eCE9pP1wdc8ROUtkHLF2PfAqYdyYBz6EA='

const PLAN = `
apiVersion: warren.dev/v1alpha1
kind: WireGuardNetworkPlan
metadata:
  name: home
  annotations:
    note: kept
    kubectl.kubernetes.io/last-applied-configuration: '{"privateKey":"${KEY_B}"}'
spec:
  cidrs: [10.0.0.0/24]
  presharedKeys:
  - { nodes: [b, c], secretRef: { name: keys, key: pair } }
  nodes:
  - { name: a, endpoint: "192.0.2.1", privateKeySecretRef: { name: keys, key: a } }
  - { name: b, endpoint: "192.0.2.2", privateKeySecretRef: { name: keys, key: b } }
  - { name: c, endpoint: "192.0.2.3" }
---
apiVersion: v1
kind: Secret
metadata:
  name: keys
  annotations:
    kubectl.kubernetes.io/last-applied-configuration: '{"a":"${KEY_A}","b":"${KEY_B}","pair":"${PAIR}"}'
data: { b: ${KEY_B}, pair: ${PAIR} }
stringData: { a: ${KEY_A} }
`

test('GC-16 of a Secret that nodes share, each gets its own entries only, and plans the same', () => {
  const { objects, problems } = parseObjects(PLAN, { file: 'x' })
  assert.deepEqual(problems, [])
  const whole = plan(objects, NO_ALLOCATIONS)
  assert.deepEqual(whole.problems, [])
  const entitled = { a: [KEY_A], b: [KEY_B, PAIR], c: [PAIR] }
  for (const [node, keys] of Object.entries(entitled)) {
    const text = formatObjects(objectsForNode(objects, node))
    for (const key of [KEY_A, KEY_B, PAIR])
      assert.equal(text.includes(key), keys.includes(key), `${node}: ${key}`)
    assert.ok(text.includes('note: kept'))
    const copy = parseObjects(text, { file: 'x' })
    assert.deepEqual(copy.problems, [])
    const there = plan(copy.objects, whole.allocations)
    assert.deepEqual(there.problems, [])
    assert.deepEqual(there.intents.get(node), whole.intents.get(node))
  }
})
