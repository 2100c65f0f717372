/**
 * Time that outlives a process: how long the machine has been up, and which time it is up. The wall clock is for
 * people only; whoever sets it moves no deadline.
 */
import { readFileSync } from 'node:fs'

export interface Instant {
  /** Another one after every start of the machine. */
  readonly bootId: string
  /** CLOCK_BOOTTIME: goes on while the machine sleeps. */
  readonly uptimeMs: number
  readonly wallMs: number
}

export type BootClock = () => Instant

export const systemBootClock: BootClock = () => ({
  bootId: readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim(),
  uptimeMs: Number.parseFloat(readFileSync('/proc/uptime', 'utf8')) * 1000,
  wallMs: Date.now(),
})

export interface Term {
  readonly begun: Instant
  readonly withinMs: number
}

export type TimeLeft = number | 'over' | 'rebooted'

/** A time before the beginning is none that we can tell: it counts as over. */
export const timeLeft = ({ begun, withinMs }: Term, now: Instant): TimeLeft => {
  if (now.bootId !== begun.bootId) return 'rebooted'
  const left = begun.uptimeMs + withinMs - now.uptimeMs
  return left <= 0 || left > withinMs ? 'over' : left
}
