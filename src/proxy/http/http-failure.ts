/**
 * What went wrong with a request, as one word for the log, the metrics and the `Warren-Error` field, with the status and
 * the text that a client gets. Texts name no address, no name and no key of what lies behind.
 */
import { REFUSALS, type RefusalCode } from '../../protocols/http/index.ts'

export const FAILURES = {
  'request-head-timeout': { status: 408, text: 'The head of the request did not arrive in time.' },
  'request-body-timeout': { status: 408, text: 'The body of the request stopped arriving.' },
  'too-many-clients': { status: 503, text: 'This route serves as many connections as it may.' },
  'too-many-requests': { status: 503, text: 'This route serves as many requests as it may.' },
  'queue-full': { status: 503, text: 'Too many requests wait for a connection to the target.' },
  'queue-timeout': { status: 503, text: 'No connection to the target became free in time.' },
  'dial-timeout': { status: 504, text: 'The target could not be reached in time.' },
  'dial-refused': { status: 502, text: 'The target refuses connections.' },
  'dial-name': { status: 502, text: 'The name of the target has no address.' },
  'dial-unreachable': { status: 502, text: 'The target cannot be reached.' },
  'dial-failed': { status: 502, text: 'A connection to the target could not be made.' },
  'upstream-closed': { status: 502, text: 'The target closed the connection before it answered.' },
  'upstream-reset': { status: 502, text: 'The target broke the connection before it answered.' },
  'upstream-send-timeout': { status: 504, text: 'The target stopped taking the request.' },
  'response-head-timeout': { status: 504, text: 'The target did not answer in time.' },
  'response-malformed': { status: 502, text: 'The target answered with something that is not HTTP/1.1.' },
  'response-head-too-large': { status: 502, text: 'The head of the target’s answer is too large.' },
  'response-unasked-upgrade': {
    status: 502,
    text: 'The target changed to a protocol that was not asked for.',
  },
  'request-timeout': { status: 504, text: 'The request took longer than it may.' },
  // After the head of an answer has been sent, nothing more can be said: the connection is cut.
  'response-truncated': { status: 502, text: 'The target broke off in the middle of its answer.' },
  'response-body-malformed': { status: 502, text: 'The target sent a malformed body.' },
  'response-body-timeout': { status: 504, text: 'The body of the answer stopped arriving.' },
  'client-send-timeout': { status: 504, text: 'The client stopped taking the answer.' },
  'client-aborted': { status: 499, text: 'The client went away.' },
} as const satisfies Readonly<Record<string, { readonly status: number; readonly text: string }>>

export type FailureKind = keyof typeof FAILURES
/** A message that cannot be understood, or a request that cannot be served. */
export type HttpFailure = FailureKind | RefusalCode

export function isRefusal(failure: HttpFailure): failure is RefusalCode {
  return failure in REFUSALS
}

export function statusOf(failure: HttpFailure): number {
  return isRefusal(failure) ? REFUSALS[failure].status : FAILURES[failure].status
}

export function textOfFailure(failure: HttpFailure): string {
  return isRefusal(failure) ? REFUSALS[failure].text : FAILURES[failure].text
}
