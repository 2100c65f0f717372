/** Another machine's answer: taken in its shape, refused in any other, and never let near the terminal. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parsePutResult, parseStatus } from './answers.ts'
import { NodeCommandFailed } from './via.ts'

test('an answer of another shape is a failure of its node, not of the push', () => {
  assert.equal(parseStatus('a', 'null'), null)
  const wg0 = { name: 'wg0', listenPort: 51820, peers: [] }
  assert.equal(parseStatus('a', JSON.stringify({ interfaces: [wg0] }))?.interfaces[0]?.name, 'wg0')
  for (const bad of [
    '',
    'yes',
    '7',
    '[]',
    '{}',
    '{"interfaces":{}}',
    '{"interfaces":[null]}',
    '{"interfaces":[{}]}',
  ])
    assert.throws(() => parseStatus('a', bad), NodeCommandFailed, bad)
  assert.equal(parsePutResult('a', '{"agent":null}').agent, null)
  for (const bad of ['null', '{}', '{"agent":{}}', '{"agent":{"phase":"Failed","current":true}}'])
    assert.throws(() => parsePutResult('a', bad), NodeCommandFailed, bad)
})

test('what a node says of itself carries no control characters', () => {
  const { message } = new NodeCommandFailed('a', 'says \u001b]0;owned\u0007 \u009b2J')
  assert.doesNotMatch(message, /\p{Cc}/u)
})
