/** What a log says of targets that cannot be reached. */
import assert from 'node:assert/strict'
import { test } from 'node:test'

import { StreamError } from '../streams/index.ts'
import { DialTrouble } from './dial-trouble.ts'
import { createLogger } from './log.ts'

test('the cause of a failed dial is told, at most every ten seconds, with how many were not; one given up is not', async () => {
  const lines: string[] = []
  let nowMs = 0
  const write = (line: string) => void lines.push(line.slice(25))
  const log = createLogger({ format: 'text', level: 'info', write, now: () => 0 })
  const trouble = new DialTrouble({ log, nowMs: () => nowMs, route: ':8080' })
  const fail = (signal: AbortSignal, message: string) =>
    assert.rejects(
      trouble.of(Promise.reject(new StreamError({ code: 'ENOTFOUND', message })), signal),
      new RegExp(message),
    )
  const wanted = new AbortController().signal
  assert.equal(await trouble.of(Promise.resolve(1), wanted), 1)
  await fail(AbortSignal.abort(), 'given up')
  await fail(wanted, 'no DNS')
  await fail(wanted, 'again')
  await fail(wanted, 'again')
  nowMs = 10_000
  await fail(wanted, 'still')
  assert.deepEqual(lines, [
    'warn  cannot reach the target route=:8080 code=ENOTFOUND why="no DNS"\n',
    'warn  cannot reach the target route=:8080 code=ENOTFOUND why=still untold=2\n',
  ])
})
