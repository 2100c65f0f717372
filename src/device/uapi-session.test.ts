/** The UAPI conversation, without a socket. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import type { UapiChange } from '../protocols/wireguard/formats/index.ts'
import { UapiSession } from './uapi-session.ts'

function makeSession(set: (change: UapiChange) => void = () => undefined): UapiSession {
  return new UapiSession({ get: () => 'listen_port=1\nerrno=0\n\n', set })
}

const requests = ['get=1\n\n', 'set=1\nlisten_port=7\n\n', 'what=1\n\n', 'set=1\nfwmark=x\n\n']
const answers = ['listen_port=1\nerrno=0\n\n', 'errno=0\n\n', 'errno=-71\n\n', 'errno=-22\n\n']

test('requests are answered in order, however the bytes come', () => {
  fc.assert(
    fc.property(fc.array(fc.nat(3)), fc.array(fc.nat(50)), (order, cuts) => {
      const session = makeSession()
      let rest = order.map((index) => requests[index] ?? '').join('')
      let answer = ''
      for (const cut of [...cuts, rest.length]) {
        answer += session.receive(rest.slice(0, cut)).answer
        rest = rest.slice(cut)
      }
      assert.equal(answer, order.map((index) => answers[index] ?? '').join(''))
    }),
  )
})

test('a change that the device refuses is answered with its errno, and the next one is tried', () => {
  let calls = 0
  const session = makeSession(() => {
    if (calls++ === 0) throw Object.assign(new Error('taken'), { errno: 98 })
  })
  assert.equal(session.receive('set=1\n\nset=1\n\n').answer, 'errno=-98\n\nerrno=0\n\n')
})

test('a request without end is cut off', () => {
  const session = makeSession()
  const piece = 'x'.repeat(8 * 1024 * 1024)
  const replies = Array.from({ length: 9 }, () => session.receive(piece))
  assert.deepEqual(
    replies.map(({ close }) => close),
    [false, false, false, false, false, false, false, false, true],
  )
})
