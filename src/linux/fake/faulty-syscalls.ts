/**
 * Faults on purpose, between our netlink code and any kernel, the real one or the one in memory: a request that is
 * refused, answered late or not at all, and events that are lost. Everything else goes through.
 *
 *   const { sys, inject, loseEvents } = withFaults(loadSyscalls())
 *   inject({ type: RTM_NEWADDR, errno: ENOMEM })              // the next one is refused, and not done
 *   inject({ delayMs: 10_000, times: Infinity })              // somebody else holds RTNL: every request waits
 *   inject({ matches: isChange, answer: 'lost' })             // done, but nobody says so: ENOBUFS
 *   loseEvents()                                              // the next events are lost: an overrun
 */
import { type NetlinkMessage, MessageWriter, splitMessages } from '../netlink/index.ts'
import type { Bytes, Syscalls } from '../syscalls.ts'
import * as uapi from '../uapi/index.ts'

export interface FaultyRequest extends NetlinkMessage {
  /** NETLINK_ROUTE, NETLINK_GENERIC, NETLINK_NETFILTER. */
  readonly protocol: number
}

export interface Fault {
  /** RTM_* and the like. */
  readonly type?: number
  readonly matches?: (request: FaultyRequest) => boolean
  /** How many requests it strikes: 1, unless said otherwise. */
  readonly times?: number
  /** Positive: the request is refused with it and never reaches the kernel. */
  readonly errno?: number
  /** The request reaches the kernel after so long; the thread waits meanwhile, as send(2) does while RTNL is held. */
  readonly delayMs?: number
  /** The request is done, and its acknowledgement is lost. */
  readonly answer?: 'lost'
}

export interface FaultySyscalls {
  readonly sys: Syscalls
  /** The first fault that fits a request strikes it. */
  readonly inject: (fault: Fault) => void
  /** Sockets that listen now find that they missed what happens next. */
  readonly loseEvents: () => void
  readonly clear: () => void
  /** How many faults struck so far. */
  readonly struck: () => number
}

/** Something that the request changes, not a question. */
export const isChange = ({ protocol, type, flags }: FaultyRequest): boolean =>
  protocol === uapi.NETLINK_ROUTE
    ? (type & 3) !== (uapi.RTM_GETLINK & 3)
    : type !== uapi.GENL_ID_CTRL && (flags & uapi.NLM_F_DUMP) !== uapi.NLM_F_DUMP

interface Socket {
  readonly protocol: number
  readonly answers: Uint8Array[]
  readonly lost: Set<number>
  listens: boolean
  missesEvents: boolean
}

export const withFaults = (real: Syscalls): FaultySyscalls => {
  const sockets = new Map<number, Socket>()
  let faults: { readonly fault: Fault; left: number }[] = []
  let struck = 0

  const faultOf = (request: FaultyRequest): Fault | undefined => {
    const found = faults.find(
      ({ fault: { type, matches }, left }) =>
        left > 0 && (type === undefined || type === request.type) && (matches?.(request) ?? true),
    )
    if (!found) return undefined
    found.left--
    struck++
    return found.fault
  }

  const sys = overriding(real, {
    socket: (domain, type, protocol) => {
      const fd = real.socket(domain, type, protocol)
      if (fd >= 0 && domain === uapi.AF_NETLINK) sockets.set(fd, newSocket(protocol))
      return fd
    },
    close: (fd) => {
      sockets.delete(fd)
      return real.close(fd)
    },
    setsockopt: (fd, level, name, value) => {
      const socket = sockets.get(fd)
      if (socket && level === uapi.SOL_NETLINK && name === uapi.NETLINK_ADD_MEMBERSHIP) socket.listens = true
      return real.setsockopt(fd, level, name, value)
    },
    send: (fd, buffer, flags) => {
      const socket = sockets.get(fd)
      const passed = socket ? strike(socket, buffer, faultOf) : buffer
      if (passed.byteLength === 0) return buffer.byteLength
      const sent = real.send(fd, passed, flags)
      return sent < 0 ? sent : buffer.byteLength
    },
    recv: (fd, buffer, flags) => {
      const socket = sockets.get(fd)
      return socket
        ? receive(socket, buffer, () => real.recv(fd, buffer, flags))
        : real.recv(fd, buffer, flags)
    },
  })
  return {
    sys,
    inject: (fault) => void faults.push({ fault, left: fault.times ?? 1 }),
    loseEvents: () => {
      for (const socket of sockets.values()) socket.missesEvents = socket.listens
    },
    clear: () => {
      faults = []
      for (const socket of sockets.values()) socket.missesEvents = false
    },
    struck: () => struck,
  }
}

const newSocket = (protocol: number): Socket => ({
  ...{ protocol, answers: [], lost: new Set(), listens: false, missesEvents: false },
})

/** The part of a send that reaches the kernel. */
const strike = (
  socket: Socket,
  buffer: Bytes,
  faultOf: (request: FaultyRequest) => Fault | undefined,
): Uint8Array => {
  const passed: Uint8Array[] = []
  for (const message of splitMessages(buffer)) {
    const fault = faultOf({ ...message, protocol: socket.protocol })
    if (fault?.delayMs !== undefined)
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, fault.delayMs)
    if (fault?.answer === 'lost') socket.lost.add(message.sequence)
    if (fault?.errno !== undefined) socket.answers.push(refusal(message, fault.errno))
    else passed.push(bytesOf(message))
  }
  return Buffer.concat(passed)
}

/** With its header, and its padding if there is any: `splitMessages` shows what follows the header. */
const bytesOf = ({ payload }: NetlinkMessage): Uint8Array => {
  const whole = new Uint8Array(payload.buffer, payload.byteOffset - 16, payload.byteLength + 16)
  const padded = new Uint8Array((whole.length + 3) & ~3)
  padded.set(whole)
  return padded
}

const refusal = ({ type, flags, sequence, payload }: NetlinkMessage, errno: number): Uint8Array => {
  const writer = new MessageWriter(64)
  const head = { type: uapi.NLMSG_ERROR, flags: uapi.NLM_F_CAPPED, sequence }
  writer.message(head, () => {
    writer.i32(-errno).u32(16 + payload.byteLength)
    writer.u16(type).u16(flags).u32(sequence).u32(0)
  })
  return writer.bytes.slice()
}

const receive = (socket: Socket, buffer: Bytes, real: () => number): number => {
  const answer = socket.answers.shift()
  if (answer) {
    buffer.set(answer)
    return answer.length
  }
  if (socket.missesEvents) return missEvents(socket, real)
  for (;;) {
    const length = real()
    if (length <= 0 || length > buffer.byteLength || socket.lost.size === 0) return length
    const kept = [...splitMessages(buffer.subarray(0, length))].filter(
      ({ sequence }) => !socket.lost.has(sequence),
    )
    const bytes = Buffer.concat(kept.map(bytesOf))
    buffer.set(bytes)
    if (bytes.length > 0) return bytes.length
  }
}

/** Nothing was missed until something happened. */
const missEvents = (socket: Socket, real: () => number): number => {
  const first = real()
  if (first <= 0) return first
  while (real() > 0);
  socket.missesEvents = false
  return -uapi.ENOBUFS
}

/** All other calls are the real ones, with `this` as they expect it. */
const overriding = (real: Syscalls, own: Partial<Syscalls>): Syscalls =>
  new Proxy(real, {
    get: (target, key: keyof Syscalls) => {
      const mine: unknown = own[key]
      if (mine !== undefined) return mine
      const theirs: unknown = target[key]
      return typeof theirs === 'function' ? (theirs.bind(target) as unknown) : theirs
    },
  })
