/** FINs that have arrived and FINs that are acknowledged: the lower half of RFC 9293 §3.3.2's drawing. */
import type { Connection } from './connection.ts'
import { CLOSE_WAIT, CLOSING, ESTABLISHED, FIN_WAIT_1, FIN_WAIT_2, LAST_ACK, TIME_WAIT } from './states.ts'
import { armLife, disarm } from './timers.ts'

/** Ours. */
export function finIsAcknowledged(c: Connection, nowMs: number): void {
  switch (c.state) {
    case FIN_WAIT_1:
      c.state = FIN_WAIT_2
      return
    case CLOSING:
      return enterTimeWait(c, nowMs)
    case LAST_ACK:
      return c.finish()
    default:
  }
}

/** Theirs, and everything before it has arrived. */
export function otherEndEnded(c: Connection, nowMs: number): void {
  c.acknowledgment.isDue = true
  c.host.hasNews(c)
  switch (c.state) {
    case ESTABLISHED:
      c.state = CLOSE_WAIT
      return
    case FIN_WAIT_1:
      c.state = CLOSING
      return
    case FIN_WAIT_2:
      return enterTimeWait(c, nowMs)
    default:
  }
}

function enterTimeWait(c: Connection, nowMs: number): void {
  c.state = TIME_WAIT
  disarm(c)
  c.sender.clear()
  armLife(c, nowMs + c.settings.timeWaitMs)
  c.host.entersTimeWait(c)
  c.host.hasNews(c)
}
