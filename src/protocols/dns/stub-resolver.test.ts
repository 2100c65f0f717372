/** The resolver against servers that tell the truth, lie, cut, stall and refuse; time is virtual. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  answerFrom,
  type FakeQuery,
  type FakeReply,
  type Says,
  zoneServer,
} from '../../../test/harness/fake-dns.ts'
import {
  failing,
  failsWith,
  found,
  refusing,
  silent,
  truthful,
  world,
  ZONE,
} from '../../../test/harness/resolver-world.ts'
import { dnsMessage } from '../../../test/models/dns-messages.ts'

test('GL-06 both families are asked at once, at the tunnel’s server, with EDNS', async () => {
  const { dns, resolve } = world({ '10.0.0.53': truthful })
  assert.deepEqual(await resolve('Both.Example'), found(['fd00::1', '10.0.0.1', '10.0.0.2']))
  assert.deepEqual(dns.queries, [
    { server: '10.0.0.53', name: 'both.example', type: 'AAAA', how: 'udp edns' },
    { server: '10.0.0.53', name: 'both.example', type: 'A', how: 'udp edns' },
  ])
  assert.ok(dns.nowMs() < 10)
  assert.equal(dns.openExchanges, 0)
})

test('a name with one family only, with none, and one that does not exist', async () => {
  const { resolve } = world({ '10.0.0.53': truthful })
  assert.deepEqual(await resolve('four.example.'), found(['10.0.0.4']))
  assert.deepEqual(await resolve('six.example'), found(['fd00::6']))
  await failsWith(resolve('empty.example'), 'ENOTFOUND', /^empty\.example has no address$/)
  await failsWith(resolve('no.example'), 'ENOTFOUND', /^no\.example has no address$/)
})

test('only the families that we can reach are asked for', async () => {
  const { dns, resolve } = world({ '10.0.0.53': truthful }, { families: [4] })
  assert.deepEqual(await resolve('both.example'), found(['10.0.0.1', '10.0.0.2']))
  assert.equal(dns.queries.length, 1)
})

test('aliases are followed, in an answer and beyond it; one without end is an error', async () => {
  const { resolve } = world({ '10.0.0.53': truthful })
  assert.deepEqual(await resolve('www.example'), found(['fd00::1', '10.0.0.1', '10.0.0.2']))
  const onlyAlias: Says = (query) => {
    const [label, ...rest] = query.name.split('.')
    if (query.name === 'end.example') return [answerFrom({ 'end.example': ['10.0.0.9'] }, query)]
    const target = label === 'z' ? query.name : label === 'a' ? 'end.example' : `a.${rest.join('.')}`
    return [query.answer([{ name: query.name, type: 'CNAME', ttl: 7, data: target }])]
  }
  const lazy = world({ '10.0.0.53': onlyAlias }, { families: [4] })
  assert.deepEqual(await lazy.resolve('b.example'), found(['10.0.0.9'], 7))
  const turning: Says = (query) => {
    const target = `x${query.name}`
    return [query.answer([{ name: query.name, type: 'CNAME', data: target }])]
  }
  const endless = world({ '10.0.0.53': turning }, { families: [4] })
  await failsWith(endless.resolve('b.example'), 'ESERVFAIL', /without end/)
  const self: Says = (query) => [query.answer([{ name: query.name, type: 'CNAME', data: query.name }])]
  await failsWith(world({ '10.0.0.53': self }).resolve('b.example'), 'ESERVFAIL', /SERVFAIL/)
})

test('addresses, localhost and names that no server may see are answered at once', async () => {
  const { dns, resolve } = world({})
  assert.deepEqual(await resolve('10.1.2.3'), found(['10.1.2.3'], 86_400))
  assert.deepEqual(await resolve('[FD00::0:1]'), found(['fd00::1'], 86_400))
  assert.deepEqual(await resolve('LocalHost'), found(['::1', '127.0.0.1'], 86_400))
  assert.deepEqual(await resolve('a.localhost.'), found(['::1', '127.0.0.1'], 86_400))
  await failsWith(resolve('x.invalid'), 'ENOTFOUND', /x\.invalid/)
  await failsWith(resolve('x.onion'), 'ENOTFOUND', /x\.onion/)
  const longest = ['a', 'b', 'c', 'd'].map((letter) => letter.repeat(letter === 'd' ? 61 : 63)).join('.')
  await failsWith(resolve(longest), 'ENOTFOUND', /no DNS server/)
  await failsWith(resolve(`${longest}.`), 'ENOTFOUND', /no DNS server/)
  await failsWith(resolve(`${longest}d`), 'EBADNAME', /can not be a name/)
  for (const bad of ['', 'a b', 'a..b', 'a/b', 'ä.example', `${'a'.repeat(64)}.b`, '1.2.3.4:80'])
    await failsWith(resolve(bad), 'EBADNAME', /can not be a name/)
  await failsWith(resolve('a.example'), 'ENOTFOUND', /no DNS server/)
  assert.deepEqual(dns.queries, [])
})

test('what is not an answer to what was asked there is ignored, and the answer behind it taken', async () => {
  const liar: Says = (query) => {
    const { id } = query.message
    const question = { name: query.name, type: query.type === 'A' ? 1 : 28 }
    const evil = [{ name: query.name, type: 'A', data: '6.6.6.6' }] as const
    const lie = (change: object) => dnsMessage({ id, flags: 0x8180, question, answers: evil, ...change })
    const lies: FakeReply[] = [
      lie({ id: id ^ 1 }),
      lie({ flags: 0x0100 }),
      lie({ flags: 0x9180 }),
      lie({ question: { ...question, name: 'other.example' } }),
      lie({ question: { ...question, type: 16 } }),
      lie({ question: { ...question, class: 3 } }),
      lie({ question: undefined }),
      { bytes: lie({}), from: { address: '10.0.0.54', port: 53 } },
      { bytes: lie({}), from: { address: '10.0.0.53', port: 5353 } },
      Buffer.from('nonsense'),
      Buffer.alloc(0),
      lie({}).subarray(0, 30),
    ]
    return [...lies, answerFrom(ZONE, query)]
  }
  const { resolver, resolve } = world({ '10.0.0.53': liar }, { families: [4] })
  assert.deepEqual(await resolve('four.example'), found(['10.0.0.4']))
  assert.equal(resolver.counters['answers-ignored'], 12)
})

test('records about other names in an answer are not believed', async () => {
  const generous: Says = (query) => [
    query.answer([
      { name: 'bank.example', type: 'A', data: '6.6.6.6' },
      { name: query.name, type: 'A', data: '10.0.0.1' },
    ]),
  ]
  const { dns, resolve } = world({ '10.0.0.53': generous }, { families: [4] })
  assert.deepEqual(await resolve('a.example'), found(['10.0.0.1']))
  await resolve('bank.example')
  assert.equal(dns.queries.length, 2)
})

test('a silent server is asked thrice, the last time without EDNS, and then it is over', async () => {
  const { dns, resolve } = world({ '10.0.0.53': silent }, { families: [4] })
  await failsWith(
    resolve('a.example'),
    'ETIMEDOUT',
    /^no answer about a\.example \(10\.0\.0\.53: no answer\)$/,
  )
  assert.deepEqual(
    dns.queries.map(({ how }) => how),
    ['udp edns', 'udp edns', 'udp'],
  )
  assert.equal(dns.nowMs(), 7_000)
  assert.equal(dns.openExchanges, 0)
})

test('the second server is asked when the first is silent, and is the first one to be asked afterwards', async () => {
  const { dns, resolve } = world({ '10.0.0.53': silent, 'fd00::53': truthful }, { families: [4] })
  assert.deepEqual(await resolve('both.example'), found(['10.0.0.1', '10.0.0.2']))
  assert.equal(dns.nowMs(), 1_001)
  await resolve('four.example')
  assert.deepEqual(
    dns.queries.map(({ server }) => server),
    ['10.0.0.53', 'fd00::53', 'fd00::53'],
  )
})

test('an answer that comes late is taken although others have been asked meanwhile', async () => {
  const late: Says = (query) => [{ bytes: answerFrom(ZONE, query), afterMs: 1_500 }]
  const { dns, resolve } = world({ '10.0.0.53': late, '10.0.0.54': silent }, { families: [4] })
  assert.deepEqual(await resolve('four.example'), found(['10.0.0.4']))
  assert.equal(dns.nowMs(), 1_500)
})

for (const [name, says] of [
  ['SERVFAIL', failing(2)],
  ['REFUSED', failing(5)],
  ['NOTIMP', failing(4)],
  ['ECONNREFUSED', refusing],
] as const) {
  test(`a server that says ${name} is passed over at once; when all do, that is the answer`, async () => {
    const { dns, resolve } = world({ '10.0.0.53': says, '10.0.0.54': truthful }, { families: [4] })
    assert.deepEqual(await resolve('four.example'), found(['10.0.0.4']))
    assert.ok(dns.nowMs() < 10)
    const alone = world({ '10.0.0.53': says, '10.0.0.54': says }, { families: [4] })
    const code = name === 'REFUSED' ? 'EREFUSED' : 'ESERVFAIL'
    await failsWith(
      alone.resolve('four.example'),
      code,
      new RegExp(`10\\.0\\.0\\.53: ${name}, 10\\.0\\.0\\.54: ${name}`),
    )
    assert.ok(alone.dns.nowMs() < 10)
  })
}

test('one server refuses, the other is silent: only the silent one is asked again', async () => {
  const { dns, resolve } = world({ '10.0.0.53': failing(2), '10.0.0.54': silent }, { families: [4] })
  await failsWith(resolve('a.example'), 'ETIMEDOUT', /10\.0\.0\.53: SERVFAIL, 10\.0\.0\.54: no answer/)
  assert.equal(dns.queries.length, 4)
})

test('a truncated answer is asked for again over TCP', async () => {
  const cutting: Says = (query) => [
    query.overTcp ? answerFrom(ZONE, query) : query.answer([], { flags: 0x8380 }),
  ]
  const { dns, resolve } = world({ '10.0.0.53': cutting }, { families: [4] })
  assert.deepEqual(await resolve('both.example'), found(['10.0.0.1', '10.0.0.2']))
  assert.deepEqual(
    dns.queries.map(({ how }) => how),
    ['udp edns', 'tcp edns'],
  )
})

test('where TCP does not work, what there was of the truncated answer has to do', async () => {
  for (const overTcp of [undefined, [{ failure: 'ECONNREFUSED' }]]) {
    const cutting: Says = (query) =>
      query.overTcp
        ? overTcp
        : [query.answer([{ name: query.name, type: 'A', data: '10.0.0.1' }], { flags: 0x8380 })]
    const { resolve } = world({ '10.0.0.53': cutting }, { families: [4] })
    assert.deepEqual(await resolve('both.example'), found(['10.0.0.1']))
  }
})

test('a server without EDNS is asked without, and remembered', async () => {
  for (const rcode of [1, 4]) {
    const old: Says = (query) => [query.hasEdns ? query.fail(rcode) : answerFrom(ZONE, query)]
    const { dns, resolve } = world({ '10.0.0.53': old }, { families: [4] })
    assert.deepEqual(await resolve('both.example'), found(['10.0.0.1', '10.0.0.2']))
    assert.deepEqual(await resolve('four.example'), found(['10.0.0.4']))
    assert.deepEqual(
      dns.queries.map(({ how }) => how),
      ['udp edns', 'udp', 'udp'],
    )
  }
})

test('where EDNS is swallowed on the way, it is done without', async () => {
  const swallowing: Says = (query) => (query.hasEdns ? undefined : [answerFrom(ZONE, query)])
  const { dns, resolve } = world({ '10.0.0.53': swallowing }, { families: [4] })
  assert.deepEqual(await resolve('four.example'), found(['10.0.0.4']))
  assert.equal(dns.nowMs(), 3_001)
  await resolve('both.example')
  assert.equal(dns.nowMs(), 3_002)
})

test('answers are kept for their time, and what does not exist for that of its SOA', async () => {
  const { dns, resolver, resolve } = world({ '10.0.0.53': zoneServer(ZONE, 60) }, { families: [4] })
  await resolve('four.example')
  await failsWith(resolve('no.example'), 'ENOTFOUND', /no\.example/)
  await failsWith(resolve('empty.example'), 'ENOTFOUND', /empty\.example/)
  assert.equal(dns.queries.length, 3)
  await dns.pass(29_000)
  assert.deepEqual(await resolve('four.example'), found(['10.0.0.4'], 31))
  await resolve('no.example')
  await resolve('empty.example')
  assert.equal(dns.queries.length, 3)
  assert.equal(resolver.counters['answers-cached'], 3)
  await dns.pass(2_000)
  await resolve('no.example')
  await resolve('empty.example')
  assert.equal(dns.queries.length, 5)
  await dns.pass(30_000)
  await resolve('four.example')
  assert.equal(dns.queries.length, 6)
})

test('a time of 0 is a second, one of years a day; nothing without a SOA is kept that does not exist', async () => {
  for (const [ttl, want] of [
    [0, 1],
    [0x7fff_ffff, 86_400],
    [0xffff_ffff, 1],
  ] as const) {
    const { dns, resolve } = world({ '10.0.0.53': zoneServer(ZONE, ttl) }, { families: [4] })
    await resolve('four.example')
    await dns.pass(want * 1_000 - 100)
    await resolve('four.example')
    assert.equal(dns.queries.length, 1)
    await dns.pass(200)
    await resolve('four.example')
    assert.equal(dns.queries.length, 2)
  }
  const bare = world({ '10.0.0.53': failing(3) }, { families: [4] })
  await bare.resolve('no.example')
  await bare.resolve('no.example')
  assert.equal(bare.dns.queries.length, 2)
})

test('what nobody could say is not asked again within a second (RFC 9520)', async () => {
  const { dns, resolve } = world({ '10.0.0.53': failing(2) }, { families: [4] })
  await resolve('a.example')
  await failsWith(resolve('a.example'), 'ESERVFAIL', /SERVFAIL/)
  assert.equal(dns.queries.length, 1)
  await dns.pass(1_001)
  await resolve('a.example')
  assert.equal(dns.queries.length, 2)
})

test('while nobody can say what is true, what was true is used, for an hour (RFC 8767)', async () => {
  for (const trouble of [silent, failing(2)]) {
    let says = truthful
    const { dns, resolver, resolve } = world({ '10.0.0.53': (query) => says(query) }, { families: [4] })
    await resolve('four.example')
    await dns.pass(301_000)
    says = trouble
    const startedAt = dns.nowMs()
    assert.deepEqual(await resolve('four.example'), found(['10.0.0.4'], 30))
    assert.ok(dns.nowMs() - startedAt <= 1_800)
    assert.equal(resolver.counters['answers-stale'], 1)
    // The question goes on, and when it has failed, nobody waits for a while.
    await dns.pass(6_000)
    const asked = dns.queries.length
    assert.deepEqual(await resolve('four.example'), found(['10.0.0.4'], 30))
    assert.equal(dns.queries.length, asked)
    says = truthful
    await dns.pass(30_000)
    assert.deepEqual(await resolve('four.example'), found(['10.0.0.4']))
    says = trouble
    await dns.pass(3_900_001)
    const end = await resolve('four.example')
    assert.equal(end.kind, 'failure')
  }
})

test('what is said not to exist any more is not used, however late that comes', async () => {
  let says = truthful
  const { dns, resolve } = world({ '10.0.0.53': (query) => says(query) }, { families: [4] })
  for (const gone of [(query: FakeQuery) => answerFrom({}, query), (query: FakeQuery) => query.fail(3)]) {
    await dns.pass(400_000)
    says = truthful
    assert.deepEqual(await resolve('four.example'), found(['10.0.0.4']))
    await dns.pass(301_000)
    says = (query) => [{ bytes: gone(query), afterMs: 1_700 }]
    await failsWith(resolve('four.example'), 'ENOTFOUND', /four/)
    await dns.pass(60_000)
    says = silent
    await failsWith(resolve('four.example'), 'ETIMEDOUT', /four/)
  }
})

test('the cache holds so many names, and forgets those not used for longest', async () => {
  const zone = Object.fromEntries(
    Array.from({ length: 20 }, (_, index) => [`n${index}.example`, ['10.0.0.1']]),
  )
  const { dns, resolve } = world({ '10.0.0.53': zoneServer(zone) }, { families: [4], cacheEntries: 4 })
  for (const name of Object.keys(zone)) {
    await resolve(name)
    await resolve('n0.example')
  }
  assert.equal(dns.queries.filter(({ name }) => name === 'n0.example').length, 1)
  await resolve('n1.example')
  assert.equal(dns.queries.filter(({ name }) => name === 'n1.example').length, 2)
})

test('many who ask the same at the same time ask once', async () => {
  const { dns, resolver } = world({ '10.0.0.53': truthful })
  const all = Promise.all(Array.from({ length: 100 }, () => resolver.resolve('both.example')))
  const answers = await dns.settle(all)
  assert.equal(dns.queries.length, 2)
  for (const answer of answers) assert.deepEqual(answer, found(['fd00::1', '10.0.0.1', '10.0.0.2']))
})

test('more names at once than are borne are refused', async () => {
  const { dns, resolver } = world({ '10.0.0.53': silent }, { families: [4] })
  const all = Promise.all(Array.from({ length: 600 }, (_, index) => resolver.resolve(`n${index}.example`)))
  const answers = await dns.settle(all)
  assert.equal(answers.filter((answer) => 'code' in answer && answer.code === 'ENOBUFS').length, 600 - 512)
  assert.equal(dns.openExchanges, 0)
})

test('once one family has answered, the other gets as long again, and 50 ms at least', async () => {
  const uneven =
    (fastMs: number, slowMs: number): Says =>
    (query) => [{ bytes: answerFrom(ZONE, query), afterMs: query.type === 'A' ? fastMs : slowMs }]
  const took = async (fastMs: number, slowMs: number) => {
    const { dns, resolve } = world({ '10.0.0.53': uneven(fastMs, slowMs) })
    const result = await resolve('both.example')
    return [dns.nowMs(), 'addresses' in result ? result.addresses.length : 0]
  }
  assert.deepEqual(await took(5, 20), [20, 3])
  assert.deepEqual(await took(5, 900), [55, 2])
  assert.deepEqual(await took(300, 590), [590, 3])
  assert.deepEqual(await took(300, 900), [600, 2])
})

test('one family that fails does not matter when the other has addresses', async () => {
  const half: Says = (query) => [query.type === 'AAAA' ? query.fail(2) : answerFrom(ZONE, query)]
  const { resolve } = world({ '10.0.0.53': half })
  assert.deepEqual(await resolve('both.example'), found(['10.0.0.1', '10.0.0.2']))
  await failsWith(resolve('empty.example'), 'ESERVFAIL', /SERVFAIL/)
  await failsWith(resolve('no.example'), 'ENOTFOUND', /no\.example/)
})

test('with random case, an answer must repeat it', async () => {
  const repeating = world({ '10.0.0.53': truthful }, { families: [4], randomizeCase: true })
  assert.deepEqual(await repeating.resolve('four.example'), found(['10.0.0.4']))
  assert.notEqual(repeating.dns.queries[0]?.name, 'four.example')
  const lower: Says = (query) => [
    query.answer([{ name: query.name, type: 'A', data: '6.6.6.6' }], {
      question: { name: query.name, type: 1 },
    }),
  ]
  const { resolve } = world({ '10.0.0.53': lower }, { families: [4], randomizeCase: true })
  await failsWith(resolve('four.example'), 'ETIMEDOUT', /four\.example/)
})

test('a signal ends the waiting of the one who gave it, and nobody else’s', async () => {
  const { dns, resolver } = world({ '10.0.0.53': truthful })
  const giveUp = new AbortController()
  const impatient = resolver.resolve('both.example', { signal: giveUp.signal })
  const patient = resolver.resolve('both.example')
  giveUp.abort(new Error('enough'))
  await assert.rejects(impatient, /enough/)
  await assert.rejects(resolver.resolve('both.example', { signal: giveUp.signal }), /enough/)
  assert.deepEqual(await dns.settle(patient), found(['fd00::1', '10.0.0.1', '10.0.0.2']))
})

test('close() ends everything that runs', async () => {
  const { dns, resolver } = world({ '10.0.0.53': silent })
  const waiting = resolver.resolve('a.example')
  resolver.close()
  await failsWith(waiting, 'ECANCELLED', /closed/)
  await failsWith(resolver.resolve('b.example'), 'ECANCELLED', /closed/)
  assert.equal(dns.openExchanges, 0)
})
