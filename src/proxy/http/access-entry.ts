/** What is known of a request when it is over, as plain data: whoever writes a log renders it. */
import type { HttpFailure } from './http-failure.ts'

export interface AccessEntry {
  /** By the proxy's own clock, which starts with it. */
  readonly startedMs: number
  readonly durationMs: number
  /** Until the head of the answer; undefined: none came. */
  readonly waitedMs: number | undefined
  readonly client: string
  /** '' where a request was refused before it was understood. */
  readonly method: string
  /** As the client sent it, one character for each byte. */
  readonly target: string
  readonly host: string
  readonly userAgent: string
  readonly protocol: 'HTTP/1.0' | 'HTTP/1.1'
  /** As the client saw it; 0: none was sent; 499: the client went first. */
  readonly status: number
  /** Of bodies, after the framing was taken off; of both directions once upgraded. */
  readonly receivedBytes: number
  readonly sentBytes: number
  /** Carried by a connection that had carried others. */
  readonly reused: boolean
  readonly retries: number
  readonly failure: HttpFailure | undefined
}
