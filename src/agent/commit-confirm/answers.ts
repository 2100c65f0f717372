/**
 * Whether somebody answers: a TCP connection where a port is named, an echo request otherwise. Everything that goes
 * wrong on the way is an answer that did not come.
 */
import { randomInt } from 'node:crypto'
import { connect } from 'node:net'
import { EchoSocket, isKernelError } from '../../linux/index.ts'
import type { Syscalls } from '../../linux/index.ts'
import type { Endpoint } from '../../model/index.ts'

export interface AnswerOptions {
  readonly timeoutMs: number
}

/** `host` is an address here: whoever asks has resolved it. */
export const answers = (sys: Syscalls, { host, port }: Endpoint, o: AnswerOptions): Promise<boolean> =>
  port === undefined ? echoes(sys, host, o) : connects({ host, port }, o)

/** A refusal comes from the host itself, so it is there. */
const connects = (to: { host: string; port: number }, o: AnswerOptions): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect(to)
    const done = (answered: boolean): void => {
      clearTimeout(timer)
      socket.destroy()
      resolve(answered)
    }
    const timer = setTimeout(() => done(false), o.timeoutMs)
    socket.on('connect', () => done(true))
    socket.on('error', (error: NodeJS.ErrnoException) => done(error.code === 'ECONNREFUSED'))
  })

const PACKET_BYTES = 64

const echoes = async (sys: Syscalls, host: string, o: AnswerOptions): Promise<boolean> => {
  const { promise, resolve } = Promise.withResolvers<boolean>()
  const socket = echoSocketTo(sys, host, () => resolve(true))
  if (socket === undefined) return false
  const timer = setTimeout(resolve, o.timeoutMs, false)
  try {
    if (socket.send({ to: host, sequence: 1, packetBytes: PACKET_BYTES }) < 0) return false
    return await promise
  } finally {
    clearTimeout(timer)
    socket.close()
  }
}

/** Without CAP_NET_RAW, or without a way there, nobody is asked. */
const echoSocketTo = (sys: Syscalls, host: string, onReply: () => void): EchoSocket | undefined => {
  const family = host.includes(':') ? 6 : 4
  try {
    return EchoSocket.open(sys, { family, identifier: randomInt(0x10000), onReply, from: host })
  } catch (error) {
    if (isKernelError(error)) return undefined
    throw error
  }
}
