/** The port to time: two clocks and timers. Tests drive a fake one. */
import { uptime } from 'node:os'

export interface Closeable {
  close(): void
}

export interface Clock {
  /** Monotonic: for how long something took or has to wait. */
  nowMs(): number
  /** Since the machine started, time asleep included. Seconds are good enough. */
  bootMs(): number
  /** Since the epoch: for people, and against timestamps of handshakes. */
  wallMs(): number
  after(ms: number, run: () => void): Closeable
}

export const systemClock: Clock = {
  nowMs: () => performance.now(),
  bootMs: () => uptime() * 1000,
  wallMs: () => Date.now(),
  after: (ms, run) => {
    const timer = setTimeout(run, Math.min(ms, 2 ** 31 - 1))
    return { close: () => clearTimeout(timer) }
  },
}
