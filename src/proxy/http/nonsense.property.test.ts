/** Clients and targets that say anything, in any order, and leave: nothing throws, and nothing of them is left behind. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { head, HttpRig } from '../../../test/harness/http-rig.ts'

const said = fc.constantFrom(
  ...[
    head('GET / HTTP/1.1', 'Host: h'),
    head('HEAD / HTTP/1.0'),
    'POST /',
    ' HTTP/1.1\r\n',
    'Host: h\r\n',
    '\r\n',
    '\0',
  ],
  ...[
    head('POST / HTTP/1.1', 'Host: h', 'Content-Length: 10'),
    head('PUT / HTTP/1.1', 'Host: h', 'Transfer-Encoding: chunked'),
  ],
  ...[
    head('GET / HTTP/1.1', 'Host: h', 'Connection: upgrade', 'Upgrade: x'),
    '5\r\nhello\r\n',
    '0\r\n\r\n',
    'x'.repeat(50),
  ],
  ...[
    head('HTTP/1.1 200 OK', 'Content-Length: 10'),
    head('HTTP/1.1 200 OK', 'Transfer-Encoding: chunked'),
    'hello',
  ],
  ...[
    head('HTTP/1.1 101 Switching Protocols', 'Upgrade: x'),
    head('HTTP/1.1 204 No Content'),
    head('HTTP/1.0 200 OK'),
  ],
  ...[head('HTTP/1.1 100 Continue'), 'HTTP/1.1 200', 'SSH-2.0\r\n'],
)
const deed = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({ kind: fc.constantFrom('client', 'target'), text: said, index: fc.nat(2) }),
  },
  fc.record({
    kind: fc.constantFrom('client-ends', 'client-resets', 'target-ends', 'target-resets', 'time', 'connect'),
    text: fc.constant(''),
    index: fc.nat(2),
  }),
)

test('GL-09 whatever clients and the target do, every request is over once, and no connection is left behind', async () => {
  const rows = fc.record({
    deeds: fc.array(deed, { maxLength: 24 }),
    capacityBytes: fc.constantFrom(7, 60, 65_536),
    upstreamConnections: fc.constantFrom(1, 100),
  })
  await fc.assert(
    fc.asyncProperty(rows, async ({ deeds, capacityBytes, upstreamConnections }) => {
      const rig = new HttpRig({ capacityBytes, route: { limits: { upstreamConnections } } })
      const clients = [rig.client()]
      for (const { kind, text, index } of deeds) {
        const client = clients[index % clients.length]!
        const target = rig.targets[index % Math.max(1, rig.targets.length)]
        if (kind === 'connect') clients.push(rig.client())
        else if (kind === 'client') client.send(text)
        else if (kind === 'client-ends') client.end()
        else if (kind === 'client-resets') client.stream.destroy()
        else if (kind === 'target') target?.send(text)
        else if (kind === 'target-ends') target?.end()
        else if (kind === 'target-resets') target?.stream.destroy()
        else rig.clock.pass(20_000)
        await rig.settle()
      }
      for (const client of clients) client.stream.destroy()
      await rig.settle()
      await rig.pass(120_000)
      const { counters } = rig.proxy
      assert.deepEqual(rig.proxy.status(), {
        ...{ clients: 0, requests: 0, waiting: 0, gatheredHeadBytes: 0, draining: false },
        upstream: { open: 0, idle: 0, dialing: 0 },
      })
      assert.equal(rig.clock.timers, 0, 'no timer runs for nobody')
      assert.equal(rig.entries.length, counters.requests, 'one entry for each request')
      assert.equal(
        counters.statuses.reduce((a, b) => a + b, 0),
        counters.requests,
      )
      for (const target of rig.targets) assert.equal(target.stream.state, 'closed')
    }),
    { numRuns: 300 },
  )
})
