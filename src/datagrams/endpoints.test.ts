/** One object for each remote address, whether it was configured or heard from. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { encodeSocketAddress } from '../linux/index.ts'
import { EndpointTable } from './endpoints.ts'

/** As recvmsg leaves it: 28 bytes, of which IPv4 uses 16. */
function received(at: { address: string; port: number; scopeId?: number }): DataView {
  const view = new DataView(new ArrayBuffer(40))
  new Uint8Array(view.buffer).fill(0xee)
  new Uint8Array(view.buffer).set(encodeSocketAddress(at), 8)
  return view
}

const addresses = [
  { address: '192.0.2.1', port: 51820 },
  { address: '192.0.2.1', port: 51821 },
  { address: '192.0.2.2', port: 51820 },
  { address: '2001:db8::1', port: 51820 },
  { address: '2001:db8::1', port: 1 },
  { address: 'fe80::1', port: 51820, scopeId: 2 },
  { address: 'fe80::1', port: 51820, scopeId: 3 },
]

test('an address heard again is the same object, another one is not', () => {
  const table = new EndpointTable()
  const first = addresses.map((at) => table.at(received(at), 8))
  const again = addresses.map((at) => table.at(received(at), 8))
  assert.equal(new Set(first).size, addresses.length)
  for (const [index, endpoint] of first.entries()) assert.equal(endpoint, again[index])
})

test('a configured address and the same address heard from are one object', () => {
  const table = new EndpointTable()
  for (const at of addresses) {
    const configured = table.of(at.address, at.port, at.scopeId)
    assert.equal(table.at(received(at), 8), configured)
    assert.deepEqual(
      [configured.address, configured.port, configured.scopeId],
      [at.address, at.port, at.scopeId],
    )
  }
})

test('an IPv4-mapped address is the IPv4 one: the IPv6 socket takes no IPv4', () => {
  const endpoint = new EndpointTable().of('::ffff:192.0.2.1', 7)
  assert.deepEqual([endpoint.address, endpoint.family], ['192.0.2.1', 4])
})

test('strangers cannot make the table grow without bound', () => {
  const table = new EndpointTable()
  for (let port = 1; port < 20_000; port++)
    assert.equal(table.at(received({ address: '192.0.2.1', port }), 8)?.port, port)
  const known = table.of('192.0.2.77', 1)
  assert.equal(table.of('192.0.2.77', 1), known)
})
