/** What the status says of a change that waits, and of one that was taken back. */
import type { DesiredState } from '../desired-state.ts'
import type { Condition } from '../status.ts'

export const confirmed = ({ pending, takenBack }: DesiredState): Condition[] => {
  const not = { type: 'Confirmed', status: false } as const
  if (pending !== undefined) {
    const waitsFor = {
      application: 'it is not applied yet',
      checks: `${pending.silent.join(', ')} answered before and does not now`,
      confirmation: 'nobody has confirmed it yet',
    }[pending.awaits]
    const message = `the change (${pending.reason}) is taken back at ${timeText(pending.untilMs)}: ${waitsFor}`
    return [{ ...not, reason: 'Pending', message }]
  }
  if (takenBack === undefined) return []
  return [
    {
      ...not,
      reason: 'TakenBack',
      message: `the last change was taken back at ${timeText(takenBack.atMs)}: ${takenBack.why}`,
    },
  ]
}

export const timeText = (ms: number): string => new Date(ms).toISOString().replace(/\.\d+Z$/, 'Z')
