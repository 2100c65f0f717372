/** Echo requests of both families that go out whole or not at all (see linux/echo-socket.ts). */
import { EchoSocket, KernelError, type Syscalls } from '../../../linux/index.ts'

export interface EchoSend {
  readonly to: string
  readonly sequence: number
  /** With the IP header. */
  readonly packetBytes: number
}

export interface EchoSocketsOptions {
  readonly identifier: number
  readonly onReply: (sequence: number) => void
}

export class EchoSockets {
  readonly #sys: Syscalls
  readonly #o: EchoSocketsOptions
  readonly #sockets = new Map<4 | 6, EchoSocket>()

  constructor(sys: Syscalls, o: EchoSocketsOptions) {
    this.#sys = sys
    this.#o = o
  }

  /** Undefined, or why the kernel did not take it: an errno's name. */
  send(request: EchoSend): string | undefined {
    const result = this.#socketOf(request.to.includes(':') ? 6 : 4).send(request)
    return result < 0 ? new KernelError('send an echo request', result).code : undefined
  }

  #socketOf(family: 4 | 6): EchoSocket {
    const known = this.#sockets.get(family)
    if (known !== undefined) return known
    const socket = EchoSocket.open(this.#sys, { ...this.#o, family, whole: true, keepAlive: true })
    this.#sockets.set(family, socket)
    return socket
  }

  close(): void {
    for (const socket of this.#sockets.values()) socket.close()
  }
}
