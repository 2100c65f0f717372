/** A process of kernel-talker.ts inside a host, and what it says. */
import type { ChildProcess } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { eventually } from './eventually.ts'
import type { Namespace } from './namespace.ts'

const TALKER = fileURLToPath(new URL('kernel-talker.ts', import.meta.url))

export interface TalkerEvent {
  readonly event: 'listening' | 'connected' | 'closed' | 'refused'
  readonly read?: number
  /** The first byte that was not the one of its place; -1: none. */
  readonly wrong?: number
  readonly code?: string
}

export class KernelEnd {
  readonly events: TalkerEvent[] = []
  readonly #child: ChildProcess
  #trouble = ''

  private constructor(child: ChildProcess) {
    this.#child = child
    let text = ''
    child.stderr?.on('data', (chunk: Buffer) => (this.#trouble += chunk.toString()))
    child.stdout?.on('data', (chunk: Buffer) => {
      const lines = (text + chunk.toString()).split('\n')
      text = lines.pop() ?? ''
      for (const line of lines) this.events.push(JSON.parse(line) as TalkerEvent)
    })
  }

  /** Ready: it listens. */
  static async listen(host: Namespace, args: readonly (string | number)[]): Promise<KernelEnd> {
    const end = KernelEnd.#start(host, ['listen', ...args])
    await end.saw('listening')
    return end
  }

  static connect(host: Namespace, args: readonly (string | number)[]): KernelEnd {
    return KernelEnd.#start(host, ['connect', ...args])
  }

  static #start(host: Namespace, args: readonly (string | number)[]): KernelEnd {
    const words = ['--disable-warning=ExperimentalWarning', TALKER, ...args.map(String)]
    return new KernelEnd(host.spawn(process.execPath, words))
  }

  /** Waits until so many of these events have come; the last of them. */
  async saw(event: TalkerEvent['event'], count = 1): Promise<TalkerEvent> {
    return eventually(
      () => {
        const seen = this.events.filter((one) => one.event === event)
        return seen.length >= count ? seen.at(count - 1) : undefined
      },
      { timeoutMs: 60_000, what: `${count} × ${event} of the kernel's end ${this.#trouble}` },
    ) as Promise<TalkerEvent>
  }

  /** What it waits for: see `stall` and `hold`. */
  poke(): void {
    this.#child.kill('SIGUSR2')
  }
}
