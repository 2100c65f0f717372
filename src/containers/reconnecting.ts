/**
 * A stream of events that is opened again whenever it ends: at once the first time, then later and later, because a
 * runtime that is being upgraded, or is not installed, should cost nothing to wait for.
 */
import type { Closeable } from './resolver.ts'

const FIRST_PAUSE_MS = 250
const LONGEST_PAUSE_MS = 10_000

export interface Reconnecting {
  /** One life of the stream: settles when it ended, however it did. Calls `opened` once events are coming. */
  run(life: { readonly signal: AbortSignal; readonly opened: () => void }): Promise<void>
  onOpen(): void
  onEnd(): void
}

export const keepOpen = (stream: Reconnecting): Closeable => {
  const controller = new AbortController()
  void follow(stream, controller.signal)
  return { close: () => controller.abort() }
}

const follow = async (stream: Reconnecting, signal: AbortSignal): Promise<void> => {
  let pauseMs = FIRST_PAUSE_MS
  while (!signal.aborted) {
    const livedMs = await live(stream, signal)
    // One that opens and ends at once would have everything asked anew each time.
    if (livedMs > LONGEST_PAUSE_MS) pauseMs = FIRST_PAUSE_MS
    await pause(pauseMs, signal)
    pauseMs = Math.min(pauseMs * 2, LONGEST_PAUSE_MS)
  }
}

/** How long events were coming. */
const live = async (stream: Reconnecting, signal: AbortSignal): Promise<number> => {
  // Of this life only: nothing of it may stay open when a part of it failed.
  const life = new AbortController()
  const end = (): void => life.abort()
  signal.addEventListener('abort', end)
  let openedAtMs: number | undefined
  const opened = (): void => {
    openedAtMs = performance.now()
    if (!signal.aborted) stream.onOpen()
  }
  try {
    await stream.run({ signal: life.signal, opened })
  } catch {
    // Not there, or no longer: whoever asks for a container is told why, and here it is tried again.
  }
  signal.removeEventListener('abort', end)
  end()
  if (openedAtMs === undefined) return 0
  if (!signal.aborted) stream.onEnd()
  return performance.now() - openedAtMs
}

/** Keeps no process alive. */
const pause = (ms: number, signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    if (signal.aborted) return resolve()
    const done = (): void => {
      clearTimeout(timer)
      signal.removeEventListener('abort', done)
      resolve()
    }
    const timer = setTimeout(done, ms).unref()
    signal.addEventListener('abort', done)
  })
