/** whyNotWell(): a new agent is held to what the one before it was. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { whyNotWell, type AgentSeen } from './agent-health.ts'

const seen = (mainPid: number, pid: number, phase: 'Converged' | 'Failed'): AgentSeen => ({
  mainPid,
  restarts: 0,
  status: {
    pid,
    phase,
    conditions:
      phase === 'Failed' ? [{ type: 'Converged', status: false, reason: 'x', message: 'no wg0' }] : [],
  },
})
const CONVERGED = seen(1, 1, 'Converged')

const rows: { name: string; now: AgentSeen; before: AgentSeen; want: string | undefined }[] = [
  { name: 'converged like the one before', now: seen(2, 2, 'Converged'), before: CONVERGED, want: undefined },
  {
    name: 'gone',
    now: { mainPid: 0, restarts: 0, status: undefined },
    before: CONVERGED,
    want: 'it does not stay up',
  },
  {
    name: 'silent',
    now: { mainPid: 2, restarts: 0, status: undefined },
    before: CONVERGED,
    want: 'it says nothing',
  },
  {
    name: 'behind the status of its predecessor',
    now: seen(2, 1, 'Converged'),
    before: CONVERGED,
    want: 'it says nothing',
  },
  {
    name: 'failing where the one before had converged',
    now: seen(2, 2, 'Failed'),
    before: CONVERGED,
    want: 'it is Failed, its predecessor was Converged: no wg0',
  },
  {
    name: 'failing as the one before did',
    now: seen(2, 2, 'Failed'),
    before: seen(1, 1, 'Failed'),
    want: undefined,
  },
  {
    name: 'the first that ran at all',
    now: seen(2, 2, 'Failed'),
    before: { mainPid: 0, restarts: 0, status: undefined },
    want: undefined,
  },
]

for (const { name, now, before, want } of rows) {
  test(`an agent that is ${name} is ${want === undefined ? 'well' : 'not well'}`, () => {
    assert.equal(whyNotWell(now, before), want)
  })
}
