/** What is left of an object that its schema refuses, and that it is only looked at. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseObjects } from './load.ts'

const planWith = (spec: string): string =>
  `apiVersion: warren.dev/v1alpha1\nkind: WireGuardNetworkPlan\nmetadata: { name: x }\nspec:\n${spec}`

const rows: readonly { name: string; given: string; want: readonly string[] | undefined }[] = [
  {
    name: 'an unknown field is left out and the rest stays',
    given: '  topologie: Mesh\n  nodes: [{ name: a }, { name: b, endpont: c }]\n',
    want: ['a', 'b'],
  },
  {
    name: 'a list goes as a whole, so that no item moves to another place',
    given: '  cidrs: [10.0.0.0/33, 10.1.0.0/16]\n  nodes: [{ name: a }]\n',
    want: ['a'],
  },
  {
    name: 'nothing is left without the names of nodes',
    given: '  nodes: [{ name: a }, { names: b }]\n',
    want: undefined,
  },
  { name: 'nothing is left when the nodes are no list', given: '  nodes: { a: {} }\n', want: undefined },
]

for (const { name, given, want } of rows) {
  test(`parseObjects() damaged: ${name}`, () => {
    const { objects, damaged, problems } = parseObjects(planWith(given), { file: 'x.yaml' })
    assert.deepEqual(objects, [])
    assert.notDeepEqual(problems, [])
    const [plan] = damaged
    const names = plan?.kind === 'WireGuardNetworkPlan' ? plan.spec.nodes.map((node) => node.name) : undefined
    assert.deepEqual(names, want)
  })
}

test('parseObjects() keeps nothing damaged of what is right', () => {
  assert.deepEqual(parseObjects(planWith('  nodes: [{ name: a }]\n'), { file: 'x.yaml' }).damaged, [])
})
