/** Outer datagrams by node:dgram. What every port of them does is in test/contracts. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { PlainOuter } from './plain-outer.ts'

test('a datagram to port 0 is an error that is counted: whoever is on the way can write it into one of a peer', (t) => {
  const outer = new PlainOuter({ port: 0, atEndOfTurn: (run) => run() })
  t.after(() => outer.close())
  const nowhere = outer.endpointOf('127.0.0.1', 0)
  assert.ok(nowhere !== undefined)
  const at = outer.place(100)
  outer.append(nowhere, 100)
  assert.equal(outer.counters.sendErrors, 1)
  assert.equal(outer.place(100), at)
})
