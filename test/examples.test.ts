/**
 * The examples are real: each plans without a problem, and each is brought up by a test that runs processes.
 */
import assert from 'node:assert/strict'
import { globSync, readFileSync } from 'node:fs'
import { basename } from 'node:path'
import { test } from 'node:test'
import { parseAllocations, parseObjects } from '../src/model/index.ts'
import { plan } from '../src/plan/index.ts'

const examples = globSync('examples/*.yaml').filter((file) => !file.endsWith('.lock.yaml'))
const appliers = globSync('test/{netns,e2e}/**/*.test.ts').map((file) => readFileSync(file, 'utf8'))

test('there are examples', () => {
  assert.notEqual(examples.length, 0)
})

for (const example of examples) {
  test(`${example} plans without a problem`, () => {
    const { objects, problems } = parseObjects(readFileSync(example, 'utf8'), { file: example })
    assert.deepEqual(problems, [])
    const planned = plan(objects, parseAllocations('', { file: 'none' }).allocations)
    assert.deepEqual(planned.problems, [])
    assert.notEqual(planned.intents.size, 0)
  })

  test(`${example} is applied by a test in real namespaces`, () => {
    assert.ok(appliers.some((text) => text.includes(basename(example))))
  })
}
