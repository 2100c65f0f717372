/**
 * What a tunnel needs of the process it lives in: turns, time, and for the native data path a reactor. `Engine` of
 * sockets/ is one; tests have one with virtual time.
 */
import type { Closeable } from '../linux/index.ts'
import type { Turns } from '../streams/index.ts'

export interface TunnelEngine {
  readonly kind: 'native' | 'plain'
  readonly turns: Turns
  /** Monotonic; small integers since the start. */
  nowMs(): number
  /** Runs in a turn of its own. */
  after(ms: number, run: () => void): Closeable
  /** Of the native engine. */
  readonly reactor?: DescriptorWatcher | undefined
}

export interface DescriptorWatcher {
  /** `interest`: epoll(7)'s events. Without EPOLLET, told again as long as it is so. */
  watch(fd: number, on: (events: number) => void, interest: number): Closeable
  /** Runs in a turn. */
  turn(run: () => void): void
}

/** A constant lower-case message and fields. No secrets. */
export interface TunnelLog {
  info(message: string, fields?: Readonly<Record<string, unknown>>): void
  warn(message: string, fields?: Readonly<Record<string, unknown>>): void
}
