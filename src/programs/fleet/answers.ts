/**
 * What a node answered, held to its shape: a node is another machine, perhaps a broken or a hostile one, and what it
 * says may spoil its own push and nobody else's.
 */
import type { RunningInterface } from './push-order.ts'
import { NodeCommandFailed } from './via.ts'

/** Null: no agent runs there. */
export type StatusAnswer = { readonly interfaces: readonly RunningInterface[] } | null

export interface PutAnswer {
  readonly agent: {
    readonly phase: string
    readonly current: boolean
    readonly problems: readonly {
      readonly code?: string
      readonly path: string
      readonly message: string
      readonly severity?: 'warning'
    }[]
  } | null
  /** It is taken back unless it is confirmed. */
  readonly isPending: boolean
}

/** How a change is that waits on a node. */
export type ConfirmAnswer =
  | { readonly kind: 'pending'; readonly awaits: string; readonly silent: readonly string[] }
  | { readonly kind: 'confirmed' }
  | { readonly kind: 'unknown' }
  | { readonly kind: 'taken-back'; readonly why: string }

export const parseConfirmResult = (node: string, text: string): ConfirmAnswer =>
  parsed(node, text, confirmAnswerOf)
export const parseStatus = (node: string, text: string): StatusAnswer => parsed(node, text, statusOf)
export const parsePutResult = (node: string, text: string): PutAnswer => parsed(node, text, putAnswerOf)

/** Remote warren answers in JSON; anything else came from something in between. */
function parsed<T>(node: string, text: string, read: (value: unknown) => T | undefined): T {
  let result: T | undefined
  try {
    result = read(JSON.parse(text))
  } catch {
    result = undefined // not JSON: the same to the caller
  }
  if (result === undefined)
    throw new NodeCommandFailed(node, 'answered with something that is not from warren')
  return result
}

type Fields = Readonly<Record<string, unknown>>

const isFields = (value: unknown): value is Fields => typeof value === 'object' && value !== null

function listOf<T>(value: unknown, read: (item: Fields) => T | undefined): T[] | undefined {
  if (!Array.isArray(value)) return undefined
  const items = value.flatMap((item: unknown) => (isFields(item) ? (read(item) ?? []) : []))
  return items.length === value.length ? items : undefined
}

function statusOf(value: unknown): StatusAnswer | undefined {
  if (value === null) return null
  const interfaces = isFields(value) ? listOf(value['interfaces'], interfaceOf) : undefined
  return interfaces && { interfaces }
}

function interfaceOf({ name, publicKey, listenPort }: Fields): RunningInterface | undefined {
  const hasKey = publicKey === undefined || typeof publicKey === 'string'
  return typeof name === 'string' && hasKey && typeof listenPort === 'number'
    ? { name, publicKey, listenPort }
    : undefined
}

function putAnswerOf(value: unknown): PutAnswer | undefined {
  if (!isFields(value)) return undefined
  const { agent } = value
  const isPending = isFields(value['pending'])
  if (agent === null) return { agent, isPending }
  if (!isFields(agent)) return undefined
  const { phase, current } = agent
  const problems = listOf(agent['problems'], ({ code, path, message, severity }) => {
    if (typeof path !== 'string' || typeof message !== 'string') return undefined
    return {
      ...(typeof code === 'string' && { code }),
      path,
      message,
      ...(severity === 'warning' ? { severity: 'warning' as const } : {}),
    }
  })
  return problems && typeof phase === 'string' && typeof current === 'boolean'
    ? { agent: { phase, current, problems }, isPending }
    : undefined
}

function confirmAnswerOf(value: unknown): ConfirmAnswer | undefined {
  if (!isFields(value)) return undefined
  const { kind, why, awaits, silent } = value
  if (kind === 'confirmed' || kind === 'unknown') return { kind }
  if (kind === 'taken-back' && typeof why === 'string') return { kind, why }
  if (kind !== 'pending' || typeof awaits !== 'string') return undefined
  const names = Array.isArray(silent) ? silent.filter((one) => typeof one === 'string') : []
  return { kind, awaits, silent: names }
}
