/** Facts come from other machines: those of this version are read whole, and nothing else gets in. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { diagnose } from './diagnose.ts'
import type { NodeFacts } from './facts.ts'
import { perfect, traceBetween } from './fixture.ts'
import { parseFacts, parseQuestions } from './parse-facts.ts'
import { questionsFor } from './questions.ts'

const trace = traceBetween('a', 'b')
const context = perfect(trace)
const facts = context.facts.get('hub') as NodeFacts

test('facts and questions are the same after the way through JSON', () => {
  for (const own of context.facts.values()) assert.deepEqual(parseFacts(JSON.stringify(own)), own)
  const questions = questionsFor([trace], 'hub')
  assert.deepEqual(parseQuestions(JSON.stringify(questions)), questions)
  assert.deepEqual(questions.probes, ['10.8.0.1', '10.8.0.2'])
})

/** Paths to every value of the facts, so that each can be spoilt. */
const paths = (value: unknown, at: readonly string[] = []): string[][] =>
  typeof value === 'object' && value !== null
    ? [[...at], ...Object.entries(value).flatMap(([key, inner]) => paths(inner, [...at, key]))]
    : [[...at]]

const withValue = (value: unknown, [first, ...rest]: readonly string[], put: unknown): unknown => {
  if (first === undefined) return put
  if (Array.isArray(value))
    return value.map((item, i) => (String(i) === first ? withValue(item, rest, put) : item))
  const table = value as Record<string, unknown>
  return { ...table, [first]: withValue(table[first], rest, put) }
}

test('whatever a node says instead of facts, the judgement comes to an end', () => {
  fc.assert(
    fc.property(fc.constantFrom(...paths(facts)), fc.jsonValue(), (path, put) => {
      const read = parseFacts(JSON.stringify(withValue(facts, path, put)))
      if (read === undefined) return
      const judged = diagnose({ ...context, facts: new Map([...context.facts, ['hub', read]]) })
      assert.ok(judged.findings.length > 0)
    }),
    { numRuns: 500 },
  )
})

test('nothing that a node says stands in a command as more than a word', () => {
  const link = { name: '$(id);`id`|x', index: 9, kind: 'veth', up: true, mtuBytes: 1500 }
  const rule = { family: 'inet', priority: 1, table: 7, text: 'from all lookup 7; id', fwmark: null }
  const chain = { family: 'inet', table: "f'", name: 'in>x', rules: [] }
  const hostile = {
    ...facts,
    links: [link],
    rules: [{ ...rule, from: null, to: null, inputLink: null }],
    firewall: { ruleset: { chains: [chain], sets: [] }, unseen: [] },
  }
  const read = parseFacts(JSON.stringify(hostile))
  assert.equal(read?.links[0]?.name, '__id___id__x')
  assert.equal(read?.rules[0]?.text, 'from all lookup 7_ id')
  const [shown] = read?.firewall.ruleset?.chains ?? []
  assert.deepEqual([shown?.table, shown?.name], ['f_', 'in_x'])
})

test('what is not facts of this version is not taken for them', () => {
  for (const text of ['', 'null', '[]', '{}', JSON.stringify({ ...facts, version: 2 }), 'Permission denied'])
    assert.equal(parseFacts(text), undefined)
})
