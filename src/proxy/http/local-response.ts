/** Answers of our own: why a request was not served, for people, and for programs that ask for JSON. */
import { octetsOf } from '../../protocols/http/index.ts'
import { type HttpFailure, statusOf, textOfFailure } from './http-failure.ts'

const REASONS: Readonly<Record<number, string>> = {
  400: 'Bad Request',
  405: 'Method Not Allowed',
  408: 'Request Timeout',
  413: 'Content Too Large',
  414: 'URI Too Long',
  431: 'Request Header Fields Too Large',
  501: 'Not Implemented',
  502: 'Bad Gateway',
  503: 'Service Unavailable',
  504: 'Gateway Timeout',
  505: 'HTTP Version Not Supported',
}
/** For 503: when what is scarce may be there again. */
const RETRY_AFTER_SECONDS = 1
/** RFC 9110 §15.5.6 wants them named. */
const ALLOWED = 'GET, HEAD, POST, PUT, DELETE, OPTIONS, PATCH'

export interface LocalResponseOptions {
  readonly failure: HttpFailure
  readonly asJson: boolean
  readonly toHead: boolean
  readonly connection: '' | 'close' | 'keep-alive'
}

export function localResponse({ failure, asJson, toHead, connection }: LocalResponseOptions): Uint8Array {
  const status = statusOf(failure)
  const reason = REASONS[status] ?? 'Error'
  const text = plain(textOfFailure(failure))
  const body = asJson
    ? `${JSON.stringify({ status, error: failure, message: text })}\n`
    : `${status} ${reason}: ${text}\n`
  return octetsOf(
    [
      `HTTP/1.1 ${status} ${reason}`,
      `Content-Type: ${asJson ? 'application/json' : 'text/plain; charset=utf-8'}`,
      `Content-Length: ${body.length}`,
      'Cache-Control: no-store',
      `Warren-Error: ${failure}`,
      ...(status === 503 ? [`Retry-After: ${RETRY_AFTER_SECONDS}`] : []),
      ...(status === 405 ? [`Allow: ${ALLOWED}`] : []),
      ...(connection === '' ? [] : [`Connection: ${connection}`]),
      '',
      toHead ? '' : body,
    ].join('\r\n'),
  )
}

/** One octet for each character. */
const plain = (text: string): string => text.replaceAll('’', "'")
