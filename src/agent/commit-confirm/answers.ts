/**
 * Whether somebody answers: a TCP connection where a port is named, an echo request otherwise. Everything that goes
 * wrong on the way is an answer that did not come.
 */
import { randomInt } from 'node:crypto'
import { connect } from 'node:net'
import {
  AF_INET,
  AF_INET6,
  check,
  decodeEchoReply,
  encodeEchoRequest,
  encodeSocketAddress,
  EventLoop,
  IPPROTO_ICMP,
  IPPROTO_ICMPV6,
  MSG_DONTWAIT,
  SOCK_CLOEXEC,
  SOCK_NONBLOCK,
  SOCK_RAW,
} from '../../linux/index.ts'
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

const echoes = async (sys: Syscalls, host: string, o: AnswerOptions): Promise<boolean> => {
  const family = host.includes(':') ? 6 : 4
  const [domain, protocol] = family === 4 ? [AF_INET, IPPROTO_ICMP] : [AF_INET6, IPPROTO_ICMPV6]
  let socket: number
  try {
    socket = check(
      sys.socket(domain, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, protocol),
      'open an ICMP socket',
    )
  } catch {
    return false // without CAP_NET_RAW nobody is asked
  }
  try {
    const identifier = randomInt(0x10000)
    const packet = encodeEchoRequest({ family, identifier, sequence: 1, dataBytes: 8 })
    const to = encodeSocketAddress({ address: host, port: 0 })
    // A raw socket hears every reply that comes to the machine; a connected one those of that address only (raw(7)).
    if (sys.connect(socket, to) < 0 || sys.sendto(socket, packet, 0, to) < 0) return false
    return await reply({ sys, socket, family, identifier }, o.timeoutMs)
  } finally {
    sys.close(socket)
  }
}

interface Waiting {
  readonly sys: Syscalls
  readonly socket: number
  readonly family: 4 | 6
  readonly identifier: number
}

const reply = ({ sys, socket, family, identifier }: Waiting, timeoutMs: number): Promise<boolean> =>
  new Promise((resolve) => {
    const buffer = new Uint8Array(2048)
    const receive = (): void => {
      for (;;) {
        const length = sys.recv(socket, buffer, MSG_DONTWAIT)
        if (length < 0) return
        const echo = decodeEchoReply(buffer.subarray(0, length), family)
        if (echo?.identifier === identifier) return done(true)
      }
    }
    const done = (answered: boolean): void => {
      clearTimeout(timer)
      watch.close()
      resolve(answered)
    }
    const timer = setTimeout(() => done(false), timeoutMs)
    const watch = new EventLoop().watch(socket, 'readable', receive)
  })
