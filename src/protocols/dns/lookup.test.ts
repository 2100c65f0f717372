/** One question and servers that say the same again and again. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { answerFrom, type Says } from '../../../test/harness/fake-dns.ts'
import { found, world, ZONE } from '../../../test/harness/resolver-world.ts'

const MANY = 1000

test('an answer that leads to another question leads to one, however often it comes', async () => {
  const cutting: Says = (query) =>
    query.overTcp
      ? [answerFrom(ZONE, query)]
      : Array.from({ length: MANY }, () => query.answer([], { flags: 0x8380 }))
  const old: Says = (query) =>
    query.hasEdns ? Array.from({ length: MANY }, () => query.fail(1)) : [answerFrom(ZONE, query)]
  for (const says of [cutting, old]) {
    const { dns, resolve, resolver } = world({ '10.0.0.53': says }, { families: [4] })
    assert.deepEqual(await resolve('four.example'), found(['10.0.0.4']))
    assert.equal(dns.queries.length, 2)
    assert.equal(resolver.counters['answers-ignored'], MANY - 1)
  }
})
