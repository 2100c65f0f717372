/** Streams that end: opened again, later and later, and nothing of one life is left in the next. */
import assert from 'node:assert/strict'
import { mock, test, type TestContext } from 'node:test'
import { keepOpen } from './reconnecting.ts'

const settle = async (): Promise<void> => {
  for (let i = 0; i < 20; i++) await Promise.resolve()
}

const follow = (
  t: TestContext,
  run: (life: number, o: { signal: AbortSignal; opened: () => void }) => Promise<void>,
) => {
  mock.timers.enable({ apis: ['setTimeout'] })
  t.after(() => mock.timers.reset())
  const seen = { lives: 0, opened: 0, ended: 0, signals: [] as AbortSignal[] }
  const closeable = keepOpen({
    run: (o) => {
      seen.signals.push(o.signal)
      return run(++seen.lives, o)
    },
    onOpen: () => seen.opened++,
    onEnd: () => seen.ended++,
  })
  t.after(() => closeable.close())
  return { seen, closeable }
}

test('a stream that opens and ends at once is opened later and later', async (t) => {
  const { seen } = follow(t, async (_life, { opened }) => opened())
  await settle()
  for (const [pauseMs, lives] of [
    [250, 2],
    [500, 3],
    [1000, 4],
    [2000, 5],
    [4000, 6],
    [8000, 7],
    [10_000, 8],
  ] as const) {
    mock.timers.tick(pauseMs - 1)
    await settle()
    assert.equal(seen.lives, lives - 1)
    mock.timers.tick(1)
    await settle()
    assert.equal(seen.lives, lives)
  }
  assert.deepEqual([seen.opened, seen.ended], [8, 8])
})

test('a failure before it was open is no end, and nothing of that life goes on', async (t) => {
  const { seen } = follow(t, () => Promise.reject(new Error('no socket')))
  await settle()
  mock.timers.tick(250)
  await settle()
  assert.equal(seen.lives, 2)
  assert.deepEqual([seen.opened, seen.ended], [0, 0])
  assert.deepEqual(
    seen.signals.map((signal) => signal.aborted),
    [true, true],
  )
})

test('closing ends the life that is, tells nobody, and starts no other', async (t) => {
  const { seen, closeable } = follow(t, (_life, { signal, opened }) => {
    opened()
    return new Promise((resolve) => signal.addEventListener('abort', () => resolve()))
  })
  await settle()
  closeable.close()
  await settle()
  mock.timers.tick(60_000)
  await settle()
  assert.deepEqual(
    seen.signals.map((signal) => signal.aborted),
    [true],
  )
  assert.deepEqual([seen.lives, seen.opened, seen.ended], [1, 1, 0])
})
