/** What is counted and logged when a request is over, once for each. */
import { methodName, type RequestHead, textOf } from '../../protocols/http/index.ts'
import type { ClientConnection } from './client-connection.ts'
import { type HttpFailure, statusOf } from './http-failure.ts'

/** What of a head is kept for the log; made only if there is one. */
export interface RequestNotes {
  readonly method: string
  readonly target: string
  readonly host: string
  readonly userAgent: string
}

const NO_NOTES: RequestNotes = { method: '', target: '', host: '', userAgent: '' }

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

export interface Outcome {
  readonly notes: RequestNotes | undefined
  readonly startedMs: number
  readonly waitedMs: number | undefined
  readonly isHttp10: boolean
  readonly status: number
  readonly receivedBytes: number
  readonly sentBytes: number
  readonly reused: boolean
  readonly retries: number
  readonly failure: HttpFailure | undefined
}

export function record({ context, address }: ClientConnection, outcome: Outcome): void {
  const { counters, onAccess } = context
  const durationMs = context.nowMs() - outcome.startedMs
  counters.answered(outcome.status, durationMs)
  counters.receivedBytes += outcome.receivedBytes
  counters.sentBytes += outcome.sentBytes
  if (outcome.failure !== undefined) counters.failed(outcome.failure)
  if (onAccess === undefined) return
  const { notes, isHttp10, ...rest } = outcome
  const protocol = isHttp10 ? 'HTTP/1.0' : 'HTTP/1.1'
  onAccess({ ...(notes ?? NO_NOTES), ...rest, durationMs, client: address, protocol })
}

/** Of what was not understood as a request, or came before any. */
export function recordRefusal(client: ClientConnection, failure: HttpFailure): void {
  client.context.counters.requests++
  record(client, {
    ...{ notes: undefined, startedMs: client.context.nowMs(), waitedMs: undefined, isHttp10: false },
    ...{ status: statusOf(failure), receivedBytes: 0, sentBytes: 0, reused: false, retries: 0, failure },
  })
}
