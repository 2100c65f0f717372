/**
 * Lines to a descriptor without ever waiting for whoever reads them: process.stdout blocks the whole process when a
 * pipe is full. Lines are gathered, written by another thread, and given up, counted, when too many wait.
 */
import { write, writeSync } from 'node:fs'

export interface LineWriterOptions {
  readonly fd: number
  /** How long lines are gathered. */
  readonly gatherMs?: number
  readonly maxWaitingBytes?: number
}

const GATHER_MS = 100
const SOON_BYTES = 32 * 1024
const MAX_WAITING_BYTES = 1024 * 1024
/** A pipe that somebody made non-blocking is full. */
const RETRY_MS = 50

export class LineWriter {
  readonly #fd: number
  readonly #gatherMs: number
  readonly #maxWaitingBytes: number
  #waiting: string[] = []
  #waitingLength = 0
  #timer: NodeJS.Timeout | undefined
  #writing = false
  #broken = false
  #dropped = 0

  constructor({ fd, gatherMs = GATHER_MS, maxWaitingBytes = MAX_WAITING_BYTES }: LineWriterOptions) {
    this.#fd = fd
    this.#gatherMs = gatherMs
    this.#maxWaitingBytes = maxWaitingBytes
  }

  get dropped(): number {
    return this.#dropped
  }

  /** With its newline. */
  write(line: string): void {
    if (this.#broken || this.#waitingLength + line.length > this.#maxWaitingBytes) {
      this.#dropped++
      return
    }
    this.#waiting.push(line)
    this.#waitingLength += line.length
    if (this.#writing) return
    if (this.#waitingLength >= SOON_BYTES) this.#send()
    else this.#timer ??= setTimeout(() => this.#send(), this.#gatherMs).unref()
  }

  /** What waits goes out before the process ends, if it goes at all. */
  close(): void {
    clearTimeout(this.#timer)
    if (this.#writing || this.#broken) return
    try {
      writeSync(this.#fd, this.#waiting.join(''))
    } catch {
      // Whoever was to read it is gone, or does not keep up.
      this.#dropped += this.#waiting.length
    }
    this.#broken = true
  }

  #send(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    if (this.#writing || this.#broken || this.#waiting.length === 0) return
    const bytes = Buffer.from(this.#waiting.join(''))
    this.#waiting = []
    this.#waitingLength = 0
    this.#writing = true
    this.#sendRest(bytes)
  }

  #sendRest(bytes: Buffer): void {
    write(this.#fd, bytes, (error, count) => {
      if (error?.code === 'EAGAIN') {
        setTimeout(() => this.#sendRest(bytes), RETRY_MS)
        return
      }
      if (error === null && count < bytes.length) return this.#sendRest(bytes.subarray(count))
      if (error !== null) this.#broken = true
      this.#writing = false
      this.#send()
    })
  }
}
