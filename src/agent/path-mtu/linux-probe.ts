/** Echo requests of given sizes, whole or not at all (echo-socket.ts), in whatever namespace the tunnel is. */
import { randomInt } from 'node:crypto'
import { EchoSocket, isKernelError, lookUpRoutes, RouteNetlink, withNetns } from '../../linux/index.ts'
import type { Syscalls } from '../../linux/index.ts'
import type { ContainerRef } from '../../model/index.ts'
import type { Echoes, PathProbe, ProbeTarget } from './probe.ts'

export class LinuxProbe implements PathProbe {
  readonly #sys: Syscalls
  /** A descriptor of a container's namespace; undefined while it is not open. */
  readonly #namespace: (container: ContainerRef) => number | undefined
  #sequence = 0

  constructor(sys: Syscalls, namespace: (container: ContainerRef) => number | undefined) {
    this.#sys = sys
    this.#namespace = namespace
  }

  async echo(target: ProbeTarget, sizes: readonly number[], timeoutMs: number): Promise<Echoes> {
    const answered = new Set<number>()
    const { promise, resolve } = Promise.withResolvers<undefined>()
    const bySequence = new Map(sizes.map((size) => [(this.#sequence = (this.#sequence + 1) & 0xffff), size]))
    const socket = this.#open(target, (sequence) => {
      const size = bySequence.get(sequence)
      if (size !== undefined) answered.add(size)
      if (answered.size === bySequence.size) resolve(undefined)
    })
    if (socket === undefined) return { answered, refused: true }
    const timer = setTimeout(resolve, timeoutMs, undefined)
    try {
      const results = [...bySequence].map(([sequence, packetBytes]) =>
        socket.send({ to: target.address, sequence, packetBytes }),
      )
      const refused = results.some((result) => result < 0)
      if (!refused) await promise
      return { answered, refused }
    } finally {
      clearTimeout(timer)
      socket.close()
    }
  }

  /** Undefined where the link or its namespace is not there, or raw sockets are not allowed. */
  #open(
    { address, through, mark = 0 }: ProbeTarget,
    onReply: (sequence: number) => void,
  ): EchoSocket | undefined {
    const namespace = through?.container === undefined ? undefined : this.#namespace(through.container)
    if (through?.container !== undefined && namespace === undefined) return undefined
    const inside = <T>(open: () => T): T =>
      namespace === undefined ? open() : withNetns(this.#sys, namespace, open)
    const family = address.includes(':') ? 6 : 4
    const link = through === undefined ? {} : { link: through.name }
    const options = { family, identifier: randomInt(0x10000), onReply, inside, mark, whole: true } as const
    try {
      return EchoSocket.open(this.#sys, { ...options, ...link })
    } catch (error) {
      if (isKernelError(error)) return undefined
      throw error
    }
  }

  routeMtu({ address, mark = 0 }: ProbeTarget): number | undefined {
    const [answer] = lookUpRoutes(this.#sys, [{ to: address, mark }])
    if (answer?.kind !== 'way' || answer.linkIndex === undefined) return undefined
    const routes = RouteNetlink.open(this.#sys)
    try {
      const link = routes.link(answer.linkIndex)
      return link === undefined ? answer.mtuBytes : Math.min(link.mtuBytes, answer.mtuBytes ?? link.mtuBytes)
    } finally {
      routes.close()
    }
  }
}
