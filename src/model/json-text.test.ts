/** Objects written as JSON are read as if they were YAML: the same objects, the same problems, the same places. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { parsePlainJson } from './json-text.ts'
import { parseObjects } from './load.ts'

const plan = (spec: object) => ({
  apiVersion: 'warren.dev/v1alpha1',
  kind: 'WireGuardNetworkPlan',
  metadata: { name: 'home' },
  spec: { cidrs: ['10.0.0.0/24'], topology: 'Mesh', nodes: [{ name: 'a' }, { name: 'b' }], ...spec },
})
const read = (text: string) => parseObjects(text, { file: 'plan.yaml' })

test('JSON and the same text that only YAML can read give the same objects and problems', () => {
  for (const object of [
    plan({}),
    plan({ topolgy: 'Mesh' }),
    plan({ nodes: [{ name: 'a' }, { name: 'B C' }] }),
    { ...plan({}), kind: 'Unknown' },
    {},
  ])
    for (const indent of [undefined, 2]) {
      const text = JSON.stringify(object, undefined, indent)
      assert.deepEqual(read(text), read(`${text} # a comment, which JSON has not\n`))
    }
})

test('a problem in JSON has its line', () => {
  const text = JSON.stringify(plan({ topolgy: 'Mesh' }), undefined, 2)
  const line = text.split('\n').findIndex((l) => l.includes('topolgy')) + 1
  assert.equal(read(text).problems[0]?.at?.line, line)
})

test('a key that is there twice is not overlooked', () => {
  const text = JSON.stringify(plan({})).replace('"topology"', '"topology":"Links","topology"')
  assert.equal(parsePlainJson(text), undefined)
  assert.equal(read(text).problems[0]?.code, 'InvalidYaml')
})

test('parsePlainJson() takes what a value writes back, and nothing for which it would change a byte', () => {
  fc.assert(
    fc.property(fc.dictionary(fc.string(), fc.jsonValue()), (object) => {
      const text = JSON.stringify(object)
      const value = parsePlainJson(`${text}\n`)
      if (value !== undefined) assert.equal(JSON.stringify(value), text)
    }),
  )
  for (const text of ['', '[]', '{', '{"a":1.0}', '{"a":1e3}', '{ "a": 1 }', '{"a":"\\u0041"}', 'kind: x'])
    assert.equal(parsePlainJson(text), undefined, text)
})

test('JSON that is nested too deeply is a problem, not an exception', () => {
  const text = `${'{"a":'.repeat(100_000)}1${'}'.repeat(100_000)}`
  assert.equal(read(text).problems[0]?.code, 'InvalidYaml')
})
