/** Whatever servers say and when, a question ends in its time, with the truth or with an error, and leaves nothing open. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import {
  answerFrom,
  FakeDns,
  type FakeQuery,
  type FakeReply,
  type Says,
} from '../../../test/harness/fake-dns.ts'
import { StubResolver } from './stub-resolver.ts'

const ZONE = { 'a.example': ['10.0.0.1', 'fd00::1'] }
const LIE = [{ name: 'a.example', type: 'A', data: '6.6.6.6' }] as const

/** What a server may do to one query. None of them says anything wrong that may be believed. */
const MANNERS: Readonly<Record<string, (query: FakeQuery) => readonly FakeReply[] | undefined>> = {
  truth: (query) => [answerFrom(ZONE, query)],
  'truth, late': (query) => [{ bytes: answerFrom(ZONE, query), afterMs: 2_500 }],
  'truth, twice': (query) => [answerFrom(ZONE, query), answerFrom(ZONE, query)],
  silence: () => undefined,
  'cannot say': (query) => [query.fail(2)],
  'does not want to': (query) => [query.fail(5)],
  'does not understand': (query) => [query.fail(1)],
  unreachable: () => [{ failure: 'EHOSTUNREACH' }],
  'unreachable, twice': () => [{ failure: 'EHOSTUNREACH' }, { failure: 'EHOSTUNREACH' }],
  cut: (query) => [query.overTcp ? answerFrom(ZONE, query) : query.answer([], { flags: 0x8380 })],
  'cut for ever': (query) => [query.answer([], { flags: 0x8380 })],
  'another number': (query) => [query.answer(LIE, { id: query.message.id ^ 1 })],
  'from elsewhere': (query) => [{ bytes: query.answer(LIE), from: { address: '10.9.9.9', port: 53 } }],
  'another question': (query) => [query.answer(LIE, { question: { name: 'b.example', type: 1 } })],
  nonsense: (query) => [query.answer(LIE).subarray(0, 20)],
  circle: (query) => [query.answer([{ name: query.name, type: 'CNAME', data: query.name }])],
}
const manner = fc.constantFrom(...Object.keys(MANNERS))

/** Each query finds the next manner of its server, round and round. */
function server(manners: readonly string[]): Says {
  let queries = 0
  return (query) => MANNERS[manners[queries++ % manners.length] ?? '']?.(query)
}

test('a question ends in its time, with the truth or an error', async () => {
  const servers = fc.array(fc.array(manner, { minLength: 1, maxLength: 4 }), { minLength: 1, maxLength: 3 })
  const questions = fc.array(fc.nat(5_000), { minLength: 1, maxLength: 4 })
  await fc.assert(
    fc.asyncProperty(servers, questions, async (manners, pauses) => {
      const all = Object.fromEntries(manners.map((one, index) => [`10.0.0.${index + 1}`, server(one)]))
      const dns = new FakeDns(all)
      const resolver = new StubResolver({ ports: dns, servers: Object.keys(all) })
      for (const pause of pauses) {
        const startedAt = dns.nowMs()
        const result = await dns.settle(resolver.resolve('a.example'))
        // Three rounds, and a wait for TCP in each place.
        const most = manners.length * (7_000 + 3 * 3_000) + 1_000
        assert.ok(dns.nowMs() - startedAt <= most, `${dns.nowMs() - startedAt} ms`)
        if (result.kind === 'failure')
          assert.ok(['ETIMEDOUT', 'ESERVFAIL', 'EREFUSED'].includes(result.code), result.code)
        else {
          assert.ok(result.addresses.length > 0)
          for (const address of result.addresses) assert.ok(ZONE['a.example'].includes(address), address)
        }
        await dns.pass(pause)
      }
      await dns.pass(60_000)
      assert.equal(dns.openExchanges, 0)
    }),
    { numRuns: 150 },
  )
})

test('one truthful server is enough, wherever it stands among those that only refuse or keep silent', async () => {
  const bad = fc.constantFrom(
    'silence',
    'cannot say',
    'does not want to',
    'unreachable',
    'another number',
    'nonsense',
  )
  await fc.assert(
    fc.asyncProperty(fc.array(bad, { maxLength: 3 }), fc.nat(3), async (others, place) => {
      const manners: string[][] = others.map((one) => [one])
      manners.splice(Math.min(place, manners.length), 0, ['truth'])
      const all = Object.fromEntries(manners.map((one, index) => [`10.0.0.${index + 1}`, server(one)]))
      const dns = new FakeDns(all)
      const resolver = new StubResolver({ ports: dns, servers: Object.keys(all) })
      const result = await dns.settle(resolver.resolve('a.example'))
      assert.deepEqual('addresses' in result ? result.addresses : result, ['fd00::1', '10.0.0.1'])
    }),
    { numRuns: 60 },
  )
})
