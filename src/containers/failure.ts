/** What went wrong on the way to a runtime, in words: every failure of a socket is an answer and never an exception. */
import type { Unknown } from './resolver.ts'

export const errnoOf = (error: unknown): string =>
  error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : String(error)

/** What a stranger wrote, fit for one line of a log. */
export const quoted = (text: string): string => {
  const line = text.replace(/[^\p{L}\p{M}\p{N}\p{P}\p{S} ]+/gu, ' ').trim()
  return line.length > 200 ? `${line.slice(0, 200)}…` : line
}

export interface Speaker {
  /** For people: `docker`, `containerd`. */
  readonly name: string
  readonly socketPath: string
  /** What to do when nobody listens there. */
  readonly hint: string
}

export const cannotAsk = ({ name, socketPath, hint }: Speaker, error: unknown): Unknown => {
  const say = (why: string, what?: string): Unknown => ({
    kind: 'unknown',
    message: `Cannot ask ${name}: ${why}`,
    ...(what === undefined ? {} : { hint: what }),
  })
  const root = rootOf(error)
  if (root instanceof Error && root.name === 'TimeoutError') return say(`${socketPath} does not answer`)
  switch (errnoOf(root)) {
    case 'ENOENT':
    case 'ENOTDIR':
      return say(`there is no socket ${socketPath}`, hint)
    case 'ECONNREFUSED':
      return say(`nobody listens on ${socketPath}`, hint)
    case 'EACCES':
    case 'EPERM':
      return say(`no permission to open ${socketPath}`, 'it takes root, or the group of that socket')
    default:
      return say(`${socketPath}: ${quoted(root instanceof Error ? root.message : String(root))}`)
  }
}

/** Requests fail with what happened to them, and keep why in the cause: the socket's errno, or a time that was up. */
const rootOf = (error: unknown): unknown =>
  error instanceof Error && error.cause instanceof Error ? rootOf(error.cause) : error
