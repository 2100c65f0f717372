/** What a person reads of a judgement. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Finding } from '../../diagnosis/index.ts'
import { paintFor } from '../terminal/paint.ts'
import type { WhyResult } from './run-why.ts'
import { formatWhy } from './why-text.ts'

const paint = paintFor({ colour: false })
const fine = (check: Finding['check'], node: string): Finding => ({
  ...{ check, node, ok: true, says: `${check} of ${node}`, because: '', fix: [] },
})
const cause: Finding = {
  check: 'route',
  node: 'b',
  ok: false,
  says: 'no route\u001B[2J',
  because: 'it is gone',
  fix: ['ip route add'],
}
const result = (findings: readonly Finding[], more: Partial<WhyResult> = {}): WhyResult => ({
  ...{
    from: 'a',
    to: 'b',
    source: '10.0.0.1',
    target: '10.0.0.2',
    nodes: ['a', 'b'],
    reaches: true,
    cause: null,
  },
  findings,
  ...more,
})

test('what is fine takes one line a check, and all of them with --all', () => {
  const given = result([fine('keys', 'a'), fine('keys', 'b'), fine('answer', 'a')])
  assert.equal(
    formatWhy(given, { paint, all: false }),
    [
      'a → b: packets arrive',
      '',
      '   CHECK   NODE',
      '✓  keys    all   both ends know each other’s keys',
      '✓  answer  a     answer of a',
      '',
    ].join('\n'),
  )
  assert.equal(formatWhy(given, { paint, all: true }).split('\n').length, 7)
})

test('the list ends at the cause, which is explained without steering the terminal', () => {
  const given = result([fine('keys', 'a'), cause, { ...cause, check: 'answer' }], { reaches: false, cause })
  assert.equal(
    formatWhy(given, { paint, all: false }),
    [
      'a → b: packets do not arrive',
      '',
      '   CHECK  NODE',
      '✓  keys   a     keys of a',
      '✗  route  b     no route [2J',
      '',
      'route at b: no route [2J.',
      'That is it, because it is gone.',
      '',
      'What to do at b:',
      '  ip route add',
      '',
    ].join('\n'),
  )
})

test('the headline tells small packets from large ones, and silence from not having tried', () => {
  const headline = (more: Partial<WhyResult>): string =>
    formatWhy(result([cause], more), { paint, all: false }).split('\n')[0] ?? ''
  assert.equal(
    headline({ cause: { ...cause, check: 'mtu' } }),
    'a → b: small packets arrive, large ones do not',
  )
  assert.equal(headline({ reaches: null }), 'a → b: nobody could try')
})
