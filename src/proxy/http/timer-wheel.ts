/**
 * Deadlines of thousands of connections for the price of one timer: a ring of slots, one for each tick to come, each a
 * list of those that are due then. Setting and clearing are a few assignments and make nothing.
 *
 *   slot   0   1   2  …           A deadline further off than the ring is long stays in its slot and is
 *          │   └─ b ─ d           passed over until its round has come. Nothing fires early; everything
 *          └─ a ─ c               fires at most a tick late.
 */

export const TICK_MS = 250
const SLOTS = 512

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
  /** Ticks since the clock's beginning, as of the last look at it. */
  #tick: number
  #count = 0
  #timer: { close(): void } | undefined
  readonly #onTimer = (): void => {
    this.#timer = undefined
    this.#turn()
  }

  constructor(options: TimerWheelOptions) {
    this.#options = options
    this.#tick = Math.floor(options.nowMs() / TICK_MS)
  }

  /** How many deadlines are set. */
  get count(): number {
    return this.#count
  }

  /** In `ms` from now, instead of when it was due before. */
  set(deadline: Deadline, ms: number): void {
    // The ring stands still while nothing is set.
    if (this.#count === 0) this.#tick = Math.floor(this.#options.nowMs() / TICK_MS)
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
    const now = Math.floor(this.#options.nowMs() / TICK_MS)
    // After a long pause every slot is looked at once; that is enough.
    const first = Math.max(this.#tick + 1, now - SLOTS + 1)
    this.#tick = Math.max(this.#tick, now)
    for (let tick = first; tick <= now; tick++) this.#fire(this.#slots[tick % SLOTS]!, now)
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
      const deadline = due.next!
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
