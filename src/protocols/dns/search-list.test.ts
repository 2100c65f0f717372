/** Under which names a name is looked for, and when the search stops. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { answerFrom, type Says, zoneServer } from '../../../test/harness/fake-dns.ts'
import { failing, failsWith, found, silent, truthful, world } from '../../../test/harness/resolver-world.ts'

test('search domains and ndots, as in resolv.conf(5)', async () => {
  const zone = { 'web.ns.svc.cluster': ['10.0.0.1'], 'a.b': ['10.0.0.2'], single: ['10.0.0.3'] }
  const searchDomains = ['ns.svc.cluster', '.svc.cluster.', 'cluster']
  const asked = async (name: string, ndots: number) => {
    const { dns, resolve } = world({ '10.0.0.53': zoneServer(zone) }, { families: [4], searchDomains, ndots })
    const result = await resolve(name)
    const code = 'code' in result ? result.code : result.addresses.join()
    return [code, ...dns.queries.map((query) => query.name)]
  }
  assert.deepEqual(await asked('web', 1), ['10.0.0.1', 'web.ns.svc.cluster'])
  assert.deepEqual(await asked('web.ns', 1), [
    '10.0.0.1',
    'web.ns',
    'web.ns.ns.svc.cluster',
    'web.ns.svc.cluster',
  ])
  assert.deepEqual(await asked('a.b', 1), ['10.0.0.2', 'a.b'])
  assert.deepEqual(await asked('a.b', 2), [
    ...['10.0.0.2', 'a.b.ns.svc.cluster', 'a.b.svc.cluster', 'a.b.cluster', 'a.b'],
  ])
  assert.deepEqual(await asked('single', 1), [
    ...['10.0.0.3', 'single.ns.svc.cluster', 'single.svc.cluster', 'single.cluster', 'single'],
  ])
  assert.deepEqual(await asked('web.', 1), ['ENOTFOUND', 'web'])
})

test('a name that is nowhere says where it was looked for', async () => {
  const { resolve } = world({ '10.0.0.53': truthful }, { searchDomains: ['a.test', 'b.test'] })
  await failsWith(
    resolve('db'),
    'ENOTFOUND',
    /^db has no address, neither as db\.a\.test nor as db\.b\.test$/,
  )
})

test('a search goes on past a domain that the server fails about, and stops when nobody answers', async () => {
  const partly: Says = (query) => [
    query.name === 'db.a.test' ? query.fail(2) : answerFrom({ 'db.b.test': ['10.0.0.1'] }, query),
  ]
  const searchDomains = ['a.test', 'b.test']
  const { resolve } = world({ '10.0.0.53': partly }, { families: [4], searchDomains })
  assert.deepEqual(await resolve('db'), found(['10.0.0.1']))
  await failsWith(resolve('other'), 'ENOTFOUND', /other/)
  const failed = world({ '10.0.0.53': failing(2) }, { families: [4], searchDomains })
  await failsWith(failed.resolve('db'), 'ESERVFAIL', /db\.a\.test/)
  const nobody = world({ '10.0.0.53': silent }, { families: [4], searchDomains })
  await failsWith(nobody.resolve('db'), 'ETIMEDOUT', /db\.a\.test/)
  assert.equal(nobody.dns.nowMs(), 7_000)
})
