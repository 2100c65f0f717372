/**
 * A node:test reporter for programs: one JSON line per finished test, and one when a test begins, so that whoever
 * kills a hanging file can still say which test hung. Suites and parents that failed only by their children are
 * left out: each failure counts once.
 */
import type { TestEvent } from 'node:test/reporters'
import { inspect } from 'node:util'

export type ReporterLine =
  | { readonly kind: 'begin'; readonly name: string }
  | {
      readonly kind: 'end'
      readonly name: string
      readonly status: 'passed' | 'failed' | 'skipped'
      readonly durationMs: number
      readonly reason?: string
    }

export default async function* reporter(events: AsyncIterable<TestEvent>): AsyncGenerator<string> {
  const parents: string[] = []
  for await (const event of events) {
    if (event.type === 'test:start') parents[event.data.nesting] = event.data.name
    else if (event.type === 'test:dequeue') yield line({ kind: 'begin', name: event.data.name })
    else if (event.type === 'test:pass' || event.type === 'test:fail') {
      const name = [...parents.slice(0, event.data.nesting), event.data.name].join(' > ')
      const ended = endOf(name, event)
      if (ended) yield line(ended)
    }
  }
}

type EndEvent = Extract<TestEvent, { type: 'test:pass' | 'test:fail' }>

function endOf(name: string, { type, data }: EndEvent): ReporterLine | undefined {
  if (data.details.type === 'suite' && type === 'test:pass' && data.skip === undefined) return undefined
  const durationMs = Math.round(data.details.duration_ms)
  if (type === 'test:fail') {
    const error = data.details.error
    if ('failureType' in error && error.failureType === 'subtestsFailed') return undefined
    return { kind: 'end', name, status: 'failed', durationMs, reason: inspect(error.cause ?? error) }
  }
  const skip = data.skip ?? data.todo
  if (skip === undefined || skip === false) return { kind: 'end', name, status: 'passed', durationMs }
  return {
    kind: 'end',
    name,
    status: 'skipped',
    durationMs,
    reason: skip === true ? 'no reason given' : skip,
  }
}

function line(value: ReporterLine): string {
  return `${JSON.stringify(value)}\n`
}
