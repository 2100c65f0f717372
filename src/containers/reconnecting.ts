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
    let wasOpen = false
    const opened = (): void => {
      wasOpen = true
      pauseMs = FIRST_PAUSE_MS
      if (!signal.aborted) stream.onOpen()
    }
    try {
      await stream.run({ signal, opened })
    } catch {
      // Not there, or no longer: whoever asks for a container is told why, and here it is tried again.
    }
    if (wasOpen && !signal.aborted) stream.onEnd()
    await pause(pauseMs, signal)
    pauseMs = Math.min(pauseMs * 2, LONGEST_PAUSE_MS)
  }
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
