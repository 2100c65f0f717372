/** What a plan promises, counted by hand for plans small enough to count. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { NO_ALLOCATIONS, parseObjects, withPublicKey } from '../../model/index.ts'
import { plan } from '../../plan/index.ts'
import { planFacts, type PlanFacts } from './plan-facts.ts'

/** Forty-four characters that are a key; each node another. */
const key = (index: number): string => Buffer.alloc(32, index + 1).toString('base64')

function factsOf(example: string): PlanFacts {
  const text = readFileSync(new URL(`../../../examples/${example}`, import.meta.url), 'utf8')
  const { objects } = parseObjects(text, { file: example })
  const first = plan(objects, NO_ALLOCATIONS)
  let { allocations } = first
  first.publicKeysMissing.forEach(({ network, node }, index) => {
    allocations = withPublicKey(allocations, { network, node, publicKey: key(index) })
  })
  return planFacts(objects, allocations)
}

test('homelab: six machines reach each other in both families, thirty pairs times two', () => {
  const { expected, addresses } = factsOf('homelab.yaml')
  assert.equal(expected.length, 60)
  assert.deepEqual(addresses.get('phy01'), ['10.0.0.1', 'fd00:10::1'])
})

test('homelab: five machines have the hub as peer, and each home has one pair of neighbours', () => {
  const { links, neighbours, relays } = factsOf('homelab.yaml')
  assert.equal(links.length, 7)
  assert.deepEqual([...relays], ['phy01'])
  assert.deepEqual(
    neighbours.map(({ a, b }) => `${a} ${b}`),
    ['black-intel rpi4', 'lenovo-laptop white-amd'],
  )
})

test('two machines that nothing keeps awake are not expected to shake hands by themselves', () => {
  const { lively } = factsOf('mesh-dual-stack.yaml')
  assert.equal(lively.has('paris tokyo'), false)
  assert.equal(lively.has('paris office') && lively.has('office paris'), true)
})

test('link-local addresses are nothing that others reach', () => {
  const { addresses, expected } = factsOf('two-nodes.yaml')
  assert.ok([...addresses.values()].flat().every((address) => !address.startsWith('fe80')))
  assert.equal(expected.length, 2)
})
