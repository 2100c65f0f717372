/** What becomes of a change that waits: rows of evidence, and the deadline that no clock can move. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { timeLeft } from './boot-clock.ts'
import type { Evidence } from './verdict.ts'
import { verdict } from './verdict.ts'

const BASE: Evidence = {
  ...{ left: 10_000, withinMs: 60_000, applied: true, needs: 'confirmation' },
  ...{ answered: [], silent: [], cut: [] },
}

const ROWS: readonly (readonly [name: string, change: Partial<Evidence>, want: string])[] = [
  ['pushed and applied', {}, 'wait confirmation'],
  ['not applied yet', { applied: false }, 'wait application'],
  ['somebody fell silent', { answered: ['a'], silent: ['a'] }, 'wait checks'],
  ['pushed, and everybody answers', { answered: ['a'] }, 'wait confirmation'],
  ['by hand, and everybody answers', { needs: 'checks', answered: ['a'] }, 'keep'],
  ['by hand, and nobody was there to ask', { needs: 'checks' }, 'wait confirmation'],
  [
    'by hand, and who is in danger was not asked',
    { needs: 'checks', answered: ['a'], cut: ['b'] },
    'wait confirmation',
  ],
  ['by hand, and who is in danger answers', { needs: 'checks', answered: ['a', 'b'], cut: ['b'] }, 'keep'],
  [
    'by hand, and one of two fell silent',
    { needs: 'checks', answered: ['a', 'b'], silent: ['b'] },
    'wait checks',
  ],
  ['too late', { left: 'over' }, 'take-back nobody confirmed it within 60 s'],
  [
    'too late for the checks',
    { left: 'over', answered: ['a', 'b'], silent: ['b'] },
    'take-back b did not answer again within 60 s',
  ],
  [
    'too late, and it never converged',
    { left: 'over', applied: false },
    'take-back it could not be applied completely within 60 s',
  ],
  [
    'by hand, looked at too late, though everybody answers',
    { left: 'over', needs: 'checks', answered: ['a'] },
    'take-back nobody confirmed it within 60 s',
  ],
  [
    'after a restart of the machine',
    { left: 'rebooted', answered: ['a'] },
    'take-back the machine was restarted before it was confirmed',
  ],
  ['asked for at any price', { needs: 'nothing', cut: ['a'] }, 'keep'],
  [
    'asked for at any price, still on its way',
    { needs: 'nothing', applied: false, left: 'over' },
    'wait application',
  ],
]

for (const [name, change, want] of ROWS)
  test(`verdict(): ${name}: ${want}`, () => {
    const got = verdict({ ...BASE, ...change })
    const said =
      got.kind === 'wait' ? `wait ${got.for}` : got.kind === 'keep' ? 'keep' : `take-back ${got.why}`
    assert.equal(said, want)
  })

test('timeLeft(): counts the time the machine is up, and nothing else', () => {
  const begun = { bootId: 'one', uptimeMs: 100_000, wallMs: 1_000_000 }
  const term = { begun, withinMs: 60_000 }
  const at = (change: Partial<typeof begun>) => timeLeft(term, { ...begun, ...change })
  assert.equal(at({}), 60_000)
  assert.equal(at({ uptimeMs: 130_000 }), 30_000)
  assert.equal(at({ uptimeMs: 160_000 }), 'over')
  assert.equal(at({ wallMs: 0 }), 60_000)
  assert.equal(at({ wallMs: 9e12 }), 60_000)
  assert.equal(at({ bootId: 'two', uptimeMs: 5 }), 'rebooted')
  assert.equal(at({ uptimeMs: 5 }), 'over')
})
