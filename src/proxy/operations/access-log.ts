/**
 * A line for each request that is over. What follows the question mark is left out, as are all fields but two: keys and
 * tokens travel there. Lines are bounded, and nothing in them can be mistaken for another line.
 */
import type { AccessEntry } from '../http/access-entry.ts'
import { escaped } from '../log.ts'

export interface AccessLineOptions {
  readonly format: 'text' | 'json'
  /** Where the route listens. */
  readonly route: string
  /** Since the epoch, of the moment that the entry's clock calls 0. */
  readonly clockStartMs: number
}

const MOST_OF_PATH = 1024
const MOST_OF_HOST = 255
const MOST_OF_AGENT = 200

/** With its newline. */
export function formatAccess(entry: AccessEntry, { format, route, clockStartMs }: AccessLineOptions): string {
  const time = new Date(clockStartMs + entry.startedMs).toISOString()
  const path = pathOf(entry.target)
  if (format === 'json') return jsonLine(entry, { time, route, path })
  const failure = entry.failure === undefined ? '' : ` ${entry.failure}`
  const method = entry.method === '' ? '-' : printable(entry.method)
  const figures = `${formatBytes(entry.sentBytes)} ${formatMs(entry.durationMs)}`
  return `${time.slice(11, 23)} ${route} ${entry.status} ${method} ${printable(path)} ${figures} ${entry.client}${failure}\n`
}

function jsonLine(entry: AccessEntry, head: { time: string; route: string; path: string }): string {
  const { client, method, status, durationMs, waitedMs, receivedBytes, sentBytes } = entry
  const line = {
    time: head.time,
    route: head.route,
    ...{ client, method, path: head.path, host: shorten(entry.host, MOST_OF_HOST), status },
    seconds: Math.round(durationMs) / 1000,
    ...(waitedMs === undefined ? {} : { waitedSeconds: Math.round(waitedMs) / 1000 }),
    ...{ receivedBytes, sentBytes, reused: entry.reused },
    ...(entry.retries === 0 ? {} : { retries: entry.retries }),
    ...(entry.failure === undefined ? {} : { failure: entry.failure }),
    ...(entry.userAgent === '' ? {} : { userAgent: shorten(entry.userAgent, MOST_OF_AGENT) }),
  }
  return `${escaped(JSON.stringify(line))}\n`
}

/** Of the absolute form (RFC 9112 §3.2.2) too; without the query. */
function pathOf(target: string): string {
  const path = target.replace(/^https?:\/\/[^/?#]*/i, '')
  const query = path.search(/[?#]/)
  return shorten(query < 0 ? path : path.slice(0, query), MOST_OF_PATH)
}

const shorten = (text: string, most: number): string =>
  text.length > most ? `${text.slice(0, most)}…` : text

/** Blanks and control characters would make other columns, other lines, or other colours. */
const printable = (text: string): string =>
  text === ''
    ? '-'
    : text.replaceAll(/[\s\p{C}"\\]/gu, (one) => `\\x${one.charCodeAt(0).toString(16).padStart(2, '0')}`)

function formatBytes(bytes: number): string {
  if (bytes < 10_000) return `${bytes}B`
  if (bytes < 10_000_000) return `${Math.round(bytes / 1000)}kB`
  return `${Math.round(bytes / 1_000_000)}MB`
}

const formatMs = (ms: number): string => (ms < 10_000 ? `${Math.round(ms)}ms` : `${Math.round(ms / 1000)}s`)
