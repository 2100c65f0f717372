/** Messages over TCP, however the bytes come. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { frameForTcp, TcpMessageReader } from './tcp-framing.ts'

test('TcpMessageReader gives back the messages that frameForTcp() framed, cut anywhere', () => {
  const messages = fc.array(fc.uint8Array({ maxLength: 40 }), { maxLength: 6 })
  fc.assert(
    fc.property(messages, fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1 }), (given, cuts) => {
      const stream = Buffer.concat(given.map(frameForTcp))
      const reader = new TcpMessageReader()
      const got: Uint8Array[] = []
      for (let at = 0, index = 0; at < stream.length; index++) {
        const chunk = stream.subarray(at, at + (cuts[index % cuts.length] ?? 1))
        at += reader.push(chunk)
        const message = reader.take()
        if (message !== undefined) got.push(message)
      }
      assert.deepEqual(got, given)
    }),
  )
})
