/** One client of a UDP forward: its socket on the other side, and what it sent while the target's name was looked up. */
import type { SocketEnd } from '../../streams/index.ts'
import { type DatagramDialer, type DatagramPort, failureOf, type HostAndPort } from './dialer.ts'

const MAX_WAITING = 16

export interface UdpFlowOptions {
  readonly dialer: () => DatagramDialer
  readonly to: HostAndPort
  readonly onAnswer: (bytes: Uint8Array) => void
  /** It cannot go on. */
  readonly onTrouble: (reason: string) => void
}

export class UdpFlow {
  readonly #options: UdpFlowOptions
  readonly #abort = new AbortController()
  #port: DatagramPort | undefined
  #target: SocketEnd | undefined
  #waiting: Uint8Array[] = []

  constructor(options: UdpFlowOptions) {
    this.#options = options
  }

  start(): void {
    this.#open().catch((error: unknown) => {
      if (!this.#abort.signal.aborted) this.#options.onTrouble(failureOf(error).code)
    })
  }

  /** False: it is lost. */
  send(bytes: Uint8Array): boolean {
    if (this.#port !== undefined && this.#target !== undefined) return this.#port.send(bytes, this.#target)
    if (this.#waiting.length >= MAX_WAITING) return false
    this.#waiting.push(bytes)
    return true
  }

  close(): void {
    this.#abort.abort()
    this.#port?.close()
    this.#waiting = []
  }

  async #open(): Promise<void> {
    const { dialer, to, onAnswer } = this.#options
    const { signal } = this.#abort
    const side = dialer()
    const [address] = await side.resolve(to.host, { signal })
    if (signal.aborted) return
    if (address === undefined) return this.#options.onTrouble('ENOTFOUND')
    const target = { address, port: to.port }
    this.#target = target
    this.#port = side.openUdp({
      onDatagram: (bytes, from) => {
        if (from.address === target.address && from.port === target.port) onAnswer(bytes)
      },
    })
    for (const bytes of this.#waiting) this.#port.send(bytes, target)
    this.#waiting = []
  }
}
