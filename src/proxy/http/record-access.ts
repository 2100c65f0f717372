/** What a log may want of a request beyond its outcome, as text; and what is noted where there was no request at all. */
import { methodName, type RequestHead, textOf } from '../../protocols/http/index.ts'
import type { AccessEntry } from './access-entry.ts'
import { type HttpFailure, statusOf } from './http-failure.ts'
import type { ProxyContext } from './proxy-context.ts'

/** Of the head, made only if there is a log. */
export type RequestNotes = Pick<AccessEntry, 'method' | 'target' | 'host' | 'userAgent'>

export const NO_NOTES: RequestNotes = { method: '', target: '', host: '', userAgent: '' }

export function notesOf(head: RequestHead): RequestNotes {
  const { bytes, fields, hostIndex, userAgentIndex } = head
  const value = (index: number): string =>
    index < 0 ? '' : textOf(bytes, fields.valueStart(index), fields.valueEnd(index))
  return {
    method: methodName(head),
    target: textOf(bytes, head.targetStart, head.targetEnd),
    host: value(hostIndex),
    userAgent: value(userAgentIndex),
  }
}

/** Of what was not understood as a request, or came before any. */
export function recordRefusal(
  { counters, nowMs, onAccess }: ProxyContext,
  client: string,
  failure: HttpFailure,
): void {
  const status = statusOf(failure)
  counters.requests++
  counters.answered(status, 0)
  counters.failed(failure)
  onAccess?.({
    ...{ ...NO_NOTES, client, protocol: 'HTTP/1.1', status, failure },
    ...{ startedMs: nowMs(), durationMs: 0, waitedMs: undefined },
    ...{ receivedBytes: 0, sentBytes: 0, reused: false, retries: 0 },
  })
}
