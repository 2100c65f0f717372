/** The processes of fake containers: real ones, so that /proc has something to say of them. */
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { readlinkSync } from 'node:fs'

export class FakeProcess {
  #child: ChildProcess | undefined

  /** 0: none. */
  get pid(): number {
    return this.#child?.pid ?? 0
  }

  async start(): Promise<void> {
    this.#child = spawn('sleep', ['3600'], { stdio: 'ignore' })
    await once(this.#child, 'spawn')
  }

  async stop(): Promise<void> {
    const child = this.#child
    this.#child = undefined
    if (child === undefined) return
    const ended = once(child, 'exit')
    child.kill('SIGKILL')
    await ended
  }

  network(): string {
    return readlinkSync(`/proc/${this.pid}/ns/net`)
  }
}
