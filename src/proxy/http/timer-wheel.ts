/**
 * Deadlines of thousands of connections for the price of one timer: a ring of slots, one for each tick to come, each a
 * list of those that are due then. Setting and clearing are a few assignments and make nothing.
 *
 *   slot   0   1   2  …           A deadline further off than the ring is long stays in its slot and is
 *          │   └─ b ─ d           passed over until its round has come. Nothing fires early; everything
 *          └─ a ─ c               fires at most two ticks late.
 *
 * When this process itself stood still, the time that it slept does not count: others could not reach it.
 */

export const TICK_MS = 250
const SLOTS = 512
/** Time that passes in one step is held against others only so far. */
const LONGEST_STEP = 8

/** What is told that its time is up. Belongs to one deadline; embed or extend it. */
export abstract class Deadline {
  /** The tick it is due at; 0: not set. */
  dueTick = 0
  previous: Deadline | undefined
  next: Deadline | undefined
  abstract onDeadline(): void
}

/** The head of a list is a deadline that never comes. */
class Slot extends Deadline {
  onDeadline(): void {}
}

export interface TimerWheelOptions {
  readonly after: (ms: number, run: () => void) => { close(): void }
  readonly nowMs: () => number
}

export class TimerWheel {
  readonly #options: TimerWheelOptions
  readonly #slots: readonly Slot[] = Array.from({ length: SLOTS }, () => {
    const slot = new Slot()
    slot.next = slot
    slot.previous = slot
    return slot
  })
  /** Ticks of the clock that count, as of the last look at it. */
  #tick = 0
  /** Ticks of the clock that do not. */
  #slept: number
  #count = 0
  #timer: { close(): void } | undefined
  readonly #onTimer = (): void => {
    this.#timer = undefined
    this.#turn()
  }

  constructor(options: TimerWheelOptions) {
    this.#options = options
    this.#slept = Math.floor(options.nowMs() / TICK_MS)
  }

  /** How many deadlines are set. */
  get count(): number {
    return this.#count
  }

  /** In `ms` from now, instead of when it was due before. */
  set(deadline: Deadline, ms: number): void {
    // The ring stands still while nothing is set.
    if (this.#count === 0) this.#slept = Math.floor(this.#options.nowMs() / TICK_MS) - this.#tick
    const due = this.#tick + 2 + Math.floor(ms / TICK_MS)
    if (due === deadline.dueTick) return
    if (deadline.dueTick > 0) unlink(deadline)
    else this.#count++
    deadline.dueTick = due
    link(deadline, this.#slots[due % SLOTS]!)
    this.#timer ??= this.#options.after(TICK_MS, this.#onTimer)
  }

  clear(deadline: Deadline): void {
    if (deadline.dueTick === 0) return
    unlink(deadline)
    deadline.dueTick = 0
    this.#count--
  }

  close(): void {
    this.#timer?.close()
    this.#timer = undefined
  }

  #turn(): void {
    const steps = Math.floor(this.#options.nowMs() / TICK_MS) - this.#slept - this.#tick
    if (steps > LONGEST_STEP) this.#slept += steps - LONGEST_STEP
    const now = this.#tick + Math.min(Math.max(steps, 0), LONGEST_STEP)
    while (this.#tick < now) this.#fire(this.#slots[++this.#tick % SLOTS]!, this.#tick)
    if (this.#count > 0) this.#timer ??= this.#options.after(TICK_MS, this.#onTimer)
  }

  /** What is due moves to a list of its own first: whoever is told may set and clear as it likes. */
  #fire(slot: Slot, now: number): void {
    const due = new Slot()
    due.next = due
    due.previous = due
    for (let deadline = slot.next!; deadline !== slot; ) {
      const next = deadline.next!
      if (deadline.dueTick <= now) {
        unlink(deadline)
        link(deadline, due)
      }
      deadline = next
    }
    while (due.next !== due) {
      const deadline = due.next
      this.clear(deadline)
      deadline.onDeadline()
    }
  }
}

function link(deadline: Deadline, slot: Slot): void {
  deadline.previous = slot.previous
  deadline.next = slot
  slot.previous!.next = deadline
  slot.previous = deadline
}

function unlink(deadline: Deadline): void {
  deadline.previous!.next = deadline.next
  deadline.next!.previous = deadline.previous
  deadline.previous = undefined
  deadline.next = undefined
}
