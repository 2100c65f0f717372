/** Whatever the link loses, delays, reorders and repeats: the bytes arrive, all of them, in order, in bounded time. */
import * as fc from 'fast-check'
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { connected, transfer } from '../../../../test/models/tcp-programs.ts'
import { TwoStacks } from '../../../../test/models/two-stacks.ts'

const weather = fc.record({
  seed: fc.integer(),
  delayMs: fc.integer({ min: 0, max: 150 }),
  jitterMs: fc.constantFrom(0, 0, 1, 20, 100),
  loss: fc.constantFrom(0, 0.005, 0.02, 0.05, 0.1),
  duplicate: fc.constantFrom(0, 0, 0.02, 0.2),
  bytesPerMs: fc.constantFrom(0, 100, 1_000, 12_500),
  queueBytes: fc.constantFrom(20_000, 100_000, 1_000_000),
})
const settings = fc.record({
  sack: fc.constantFrom(true, true, false),
  timestamps: fc.constantFrom(true, true, false),
  windowScaling: fc.constantFrom(true, true, false),
  noDelay: fc.boolean(),
})
const bytes = fc.integer({ min: 1, max: 400_000 })
const work = fc.record({ left: settings, right: settings, there: bytes, back: bytes })

for (const congestionControl of ['cubic', 'newreno'] as const) {
  test(`${congestionControl}: bytes arrive intact in both directions over any link`, () => {
    fc.assert(
      fc.property(weather, work, (link, { left, right, there, back }) => {
        const net = new TwoStacks({
          ...link,
          left: { tcp: { ...left, congestionControl } },
          right: { tcp: { ...right, congestionControl } },
        })
        const { client, server } = connected(net)
        transfer(net, { from: client, to: server, bytes: there })
        transfer(net, { from: server, to: client, bytes: back })
        net.run(200_000)
        assert.equal(client.info().tcpState, 'CLOSED')
        assert.equal(server.info().tcpState, 'CLOSED')
        assert.equal(net.left.nextDeadline(), undefined)
        assert.equal(net.right.nextDeadline(), undefined)
      }),
      { numRuns: 40 },
    )
  })
}
