/** Steps that may cut a node off are named. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { lockoutRisks } from './lockout.ts'
import { node, peer, wg } from './samples.ts'

test('a route over the endpoint of its own peer, and a default route without a mark, are risks', () => {
  const intent = wg({
    peers: [peer('A', { endpoint: { host: '192.0.2.1', port: 1 } })],
    routes: [
      { destination: '192.0.2.0/24', table: 254 },
      { destination: '0.0.0.0/0', table: 254 },
      { destination: '198.51.100.0/24', table: 254 },
    ],
  })
  assert.deepEqual(lockoutRisks(node(intent)), [
    'the route 192.0.2.0/24 through wg0 covers the endpoint 192.0.2.1 of its own peer',
    'wg0 takes 0.0.0.0/0 without a mark for its own packets',
  ])
})

test('a marked default route, a name as an endpoint, and routes in a table of their own are none', () => {
  const intent = wg({
    fwmark: 51820,
    peers: [peer('A', { endpoint: { host: 'hub.example', port: 1 } })],
    routes: [
      { destination: '0.0.0.0/0', table: 254 },
      { destination: '::/0', table: 254 },
      { destination: '192.0.2.0/24', table: 100 },
    ],
  })
  assert.deepEqual(lockoutRisks(node(intent)), [])
})
