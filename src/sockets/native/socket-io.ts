/**
 * What all native sockets share: system calls, the arena of the turn, pages for what waits, and the list of those that
 * have something to do at its end.
 *
 *   in a turn     receive into the arena · write into pages (corked)
 *   at its end    send what is corked, once per socket · move what nobody consumed from the arena into pages
 */
import {
  loadStreamCalls,
  loadSyscalls,
  type Reactor,
  type StreamCalls,
  type Syscalls,
} from '../../linux/index.ts'
import type { PagePool } from '../../streams/index.ts'
import type { SocketCounters } from '../engine.ts'
import { TurnArena } from './turn-arena.ts'

const MAX_KEPT = 1024

/** What is put off to the end of the turn, or to the next. */
export interface PutOff {
  flush(): void
  saveSlice(): void
  tell(): void
  destroy(): void
}

export class SocketIo {
  readonly calls: StreamCalls = loadStreamCalls()
  readonly sys: Syscalls = loadSyscalls()
  readonly arena = new TurnArena(this.calls)
  readonly reactor: Reactor
  readonly pool: PagePool
  readonly counters: SocketCounters
  /** By descriptor. */
  readonly sockets: (PutOff | undefined)[] = []
  /** Counts turns in which something was received or written. */
  turn = 0
  /** Lists with a count of their own: one that is emptied by its length gives its memory away. */
  readonly #corked: PutOff[] = []
  #corkedCount = 0
  readonly #holders: PutOff[] = []
  #holderCount = 0
  #toTell: PutOff[] = []
  #endIsDue = false
  #tellIsDue = false
  readonly #endTurn = (): void => this.#runEnd()
  readonly #tellAll = (): void => this.reactor.turn(this.#runTell)
  readonly #runTell = (): void => this.#tell()

  constructor(options: { reactor: Reactor; pool: PagePool; counters: SocketCounters }) {
    this.reactor = options.reactor
    this.pool = options.pool
    this.counters = options.counters
  }

  /** Its `flush` is called at the end of this turn. */
  cork(socket: PutOff): void {
    this.#corked[this.#corkedCount++] = socket
    this.#atEnd()
  }

  /** It has bytes in the arena. */
  hold(socket: PutOff): void {
    this.#holders[this.#holderCount++] = socket
    this.#atEnd()
  }

  /** It has none any more; the common case is that it was the last. */
  release(socket: PutOff): void {
    if (this.#holderCount > 0 && this.#holders[this.#holderCount - 1] === socket) this.#holderCount--
  }

  /** Its `tell` is called in another turn: never from inside a method of the stream. */
  tellLater(socket: PutOff): void {
    this.#toTell.push(socket)
    if (this.#tellIsDue) return
    this.#tellIsDue = true
    setImmediate(this.#tellAll)
  }

  #atEnd(): void {
    if (this.#endIsDue) return
    this.#endIsDue = true
    this.reactor.atEndOfTurn(this.#endTurn)
  }

  #runEnd(): void {
    this.#endIsDue = false
    for (let next = 0; next < this.#corkedCount; next++) (this.#corked[next] as PutOff).flush()
    this.#corkedCount = 0
    for (let next = 0; next < this.#holderCount; next++) (this.#holders[next] as PutOff).saveSlice()
    this.#holderCount = 0
    this.#trim()
    this.arena.at = 0
    this.turn = (this.turn + 1) | 0
  }

  /** What is beyond the count is kept from being collected: not much, and not after a rush. */
  #trim(): void {
    if (this.#corked.length > MAX_KEPT) this.#corked.length = 0
    if (this.#holders.length > MAX_KEPT) this.#holders.length = 0
  }

  #tell(): void {
    this.#tellIsDue = false
    const due = this.#toTell
    this.#toTell = []
    for (const socket of due) {
      try {
        socket.tell()
      } catch (error) {
        // As the reactor does: one that fails must not silence the others.
        process.nextTick(() => {
          throw error
        })
      }
    }
  }
}
