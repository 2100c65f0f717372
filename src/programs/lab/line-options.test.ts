/** What users write about lines and NATs, and what they are told when they write something else. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { BadInput } from '../exit.ts'
import { parseLine, parseNats } from './line-options.ts'

test('a NAT is a site, a mapping and a filtering', () => {
  assert.deepEqual(parseNats(['home-a=endpoint-independent/address-dependent']), [
    ['home-a', { mapping: 'endpoint-independent', filtering: 'address-dependent' }],
  ])
})

test('rates are bits a second, delays milliseconds', () => {
  assert.deepEqual(parseLine({ rate: '20mbit' }), { rateBitsPerSecond: 20e6 })
  assert.deepEqual(parseLine({ delay: '1.5s' }), { delayMs: 1500 })
  assert.deepEqual(parseLine({}), {})
})

test('anything else is bad input, with what could be written', () => {
  for (const text of ['home-a', 'home-a=full-cone/none', '=address-dependent/address-dependent']) {
    assert.throws(() => parseNats([text]), BadInput)
  }
  assert.throws(() => parseLine({ rate: '20' }), BadInput)
  assert.throws(() => parseLine({ delay: '20mbit' }), BadInput)
})
