/** A StubResolver among servers of fake-dns.ts: a zone, ways for a server to be, and words for what is expected. */
import assert from 'node:assert/strict'
import { StubResolver, type StubResolverOptions } from '../../src/protocols/dns/stub-resolver.ts'
import { FakeDns, type Says, zoneServer } from './fake-dns.ts'

export const ZONE = {
  'both.example': ['10.0.0.1', 'fd00::1', '10.0.0.2'],
  'four.example': ['10.0.0.4'],
  'six.example': ['fd00::6'],
  'empty.example': [],
  'www.example=': ['cdn.example'],
  'cdn.example=': ['both.example'],
  'loop.example=': ['loop.example'],
}
export const truthful = zoneServer(ZONE)
export const silent: Says = () => undefined
export const failing =
  (rcode: number): Says =>
  (query) => [query.fail(rcode)]
export const refusing: Says = () => [{ failure: 'ECONNREFUSED' }]

export function world(servers: Readonly<Record<string, Says>>, o: Partial<StubResolverOptions> = {}) {
  const dns = new FakeDns(servers)
  const resolver = new StubResolver({ ports: dns, servers: Object.keys(servers), ...o })
  const resolve = (name: string) => dns.settle(resolver.resolve(name))
  return { dns, resolver, resolve }
}

export const found = (addresses: readonly string[], ttlSeconds = 300) => ({
  kind: 'addresses',
  addresses,
  ttlSeconds,
})
export async function failsWith(resolving: Promise<object>, code: string, says: RegExp): Promise<void> {
  const result = await resolving
  assert.ok('code' in result && 'message' in result, JSON.stringify(result))
  assert.equal(result.code, code)
  assert.match(String(result.message), says)
}
