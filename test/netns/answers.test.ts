/**
 * Whether somebody answers, with real sockets: several addresses are asked at the same time, and every raw socket
 * hears every reply that comes to the machine.
 *
 *   lo: 127.0.0.1 and ::1 answer; 10.9.9.9 and fd00:99::9 are routed to it too, and nobody is there
 */
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { test } from 'node:test'
import { answers } from '../../src/agent/commit-confirm/answers.ts'
import { loadSyscalls, newNetns, withNetns } from '../../src/linux/index.ts'
import { patiently } from '../harness/eventually.ts'
import { needs } from '../harness/needs.ts'

test(
  'answers(): the reply of one address is no answer of another that was asked at the same time',
  needs({ root: true, tools: ['ip'] }),
  async (t) => {
    const sys = loadSyscalls()
    const netns = newNetns(sys)
    t.after(() => sys.close(netns))
    const timeoutMs = patiently(500)
    // Whatever a question takes from the clock, the others have taken too.
    const at = performance.now()
    t.mock.method(performance, 'now', () => at)
    const asked = withNetns(sys, netns, () => {
      for (const words of [
        'link set lo up',
        'address add 10.9.9.1/32 dev lo',
        'route add 10.9.9.9/32 dev lo',
        'route add fd00:99::9/128 dev lo',
      ])
        execFileSync('ip', words.split(' '))
      return ['10.9.9.9', '127.0.0.1', 'fd00:99::9', '::1'].map((host) =>
        answers(sys, { host, port: undefined }, { timeoutMs }),
      )
    })
    assert.deepEqual(await Promise.all(asked), [false, true, false, true])
  },
)
