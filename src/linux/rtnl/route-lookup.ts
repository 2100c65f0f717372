/**
 * Which way a packet would go, asked of the kernel itself (RTM_GETROUTE with one destination): rules, tables and
 * metrics are then judged by what will judge the packet. With an input link the kernel answers as for a packet that
 * arrived there, so forwarding and reverse-path filtering take part too.
 *
 * Two questions give one answer: the way, and with RTM_F_FIB_MATCH the entry of the table that won.
 */
import { addressBytes, formatAddress, formatPrefix } from '../ip-text.ts'
import { isKernelError, KernelError } from '../kernel-error.ts'
import { AttributeCursor, type MessageWriter, type NetlinkMessage, NetlinkSocket } from '../netlink/index.ts'
import type { Syscalls } from '../syscalls.ts'
import * as uapi from '../uapi/index.ts'
import { RTMSG } from './route-codec.ts'

export interface RouteQuestion {
  readonly to: string
  readonly from?: string
  readonly mark?: number
  /** Index of the link that the packet came in on. Absent: it starts here. */
  readonly inputLink?: number
}

export type RouteAnswer =
  | {
      readonly kind: 'way'
      /** RTN_*: 1 unicast, 2 local, 6 blackhole. */
      readonly type: number
      readonly linkIndex: number | undefined
      readonly gateway: string | undefined
      /** The address that the packet would start with. */
      readonly source: string | undefined
      readonly mtuBytes: number | undefined
      /** The entry that won. */
      readonly table: number
      readonly destination: string | undefined
      readonly protocol: number
      readonly metric: number
    }
  /** ENETUNREACH, EHOSTUNREACH, EACCES, EINVAL, EXDEV, … */
  | { readonly kind: 'refused'; readonly code: string }

const RTA_IIF = 3
const RTA_METRICS = 8
const RTA_MARK = 16
const RTAX_MTU = 2
const RTM_F_LOOKUP_TABLE = 0x1000
const RTM_F_FIB_MATCH = 0x2000

/** In the calling thread's namespace. */
export const lookUpRoutes = (sys: Syscalls, questions: readonly RouteQuestion[]): RouteAnswer[] => {
  const socket = NetlinkSocket.open(sys, uapi.NETLINK_ROUTE)
  try {
    return questions.map((question) => lookUp(socket, question))
  } finally {
    socket.close()
  }
}

const lookUp = (socket: NetlinkSocket, question: RouteQuestion): RouteAnswer => {
  try {
    const way = ask(socket, question, 0)
    if (way === undefined) return { kind: 'refused', code: 'ENETUNREACH' }
    // The entry is an explanation only: without it (older kernels, marks of some rules) the way still stands.
    const entry = matched(socket, question)
    const { destination, protocol, metric } = entry ?? { ...way, destination: undefined }
    return { ...way, destination, protocol, metric, table: entry?.table ?? way.table }
  } catch (error) {
    if (error instanceof KernelError) return { kind: 'refused', code: error.code }
    throw error
  }
}

const matched = (socket: NetlinkSocket, question: RouteQuestion): Way | undefined => {
  try {
    return ask(socket, question, RTM_F_FIB_MATCH)
  } catch (error) {
    if (isKernelError(error)) return undefined
    throw error
  }
}

type Way = Extract<RouteAnswer, { kind: 'way' }>

const ask = (socket: NetlinkSocket, question: RouteQuestion, flags: number): Way | undefined =>
  socket.query(
    {
      type: uapi.RTM_GETROUTE,
      what: `look up the route to ${question.to}`,
      header: RTMSG,
      body: (writer) => encodeQuestion(writer, question, flags),
    },
    decodeWay,
  )

/** Strict checking allows RTM_F_LOOKUP_TABLE for IPv4 only; IPv6 always says the table. */
const encodeQuestion = (writer: MessageWriter, question: RouteQuestion, flags: number): void => {
  const to = addressBytes(question.to)
  const from = question.from === undefined ? undefined : addressBytes(question.from)
  const v4 = to.length === 4
  writer.u8(v4 ? uapi.AF_INET : uapi.AF_INET6)
  writer.u8(to.length * 8).u8((from?.length ?? 0) * 8)
  // tos, table, protocol, scope, type: any
  writer.u8(0).u8(0).u8(0).u8(0).u8(0)
  writer.u32(flags | (v4 ? RTM_F_LOOKUP_TABLE : 0))
  writer.attributeBytes(uapi.RTA_DST, to)
  if (from !== undefined) writer.attributeBytes(uapi.RTA_SRC, from)
  if (question.inputLink !== undefined) writer.attributeU32(RTA_IIF, question.inputLink)
  if (question.mark !== undefined && question.mark !== 0) writer.attributeU32(RTA_MARK, question.mark)
}

export const decodeWay = ({ payload }: NetlinkMessage): Way | undefined => {
  if (payload.byteLength < RTMSG.bytes) return undefined
  const family = payload.getUint8(0)
  if (family !== uapi.AF_INET && family !== uapi.AF_INET6) return undefined
  const way: { -readonly [K in keyof Way]: Way[K] } = {
    kind: 'way',
    type: payload.getUint8(7),
    linkIndex: undefined,
    gateway: undefined,
    source: undefined,
    mtuBytes: undefined,
    table: payload.getUint8(4),
    destination: undefined,
    protocol: payload.getUint8(5),
    metric: 0,
  }
  let destination = new Uint8Array(family === uapi.AF_INET ? 4 : 16)
  const attributes = new AttributeCursor(payload, RTMSG.bytes)
  while (attributes.next()) {
    if (attributes.type === uapi.RTA_DST) destination = attributes.bytes().slice()
    else decodeAttribute(attributes, way)
  }
  way.destination = formatPrefix(destination, payload.getUint8(1))
  return way
}

const decodeAttribute = (at: AttributeCursor, way: { -readonly [K in keyof Way]: Way[K] }): void => {
  switch (at.type) {
    case uapi.RTA_OIF:
      way.linkIndex = at.u32()
      break
    case uapi.RTA_GATEWAY:
      way.gateway = formatAddress(at.bytes())
      break
    case uapi.RTA_VIA:
      way.gateway = formatAddress(at.bytes().subarray(2))
      break
    case uapi.RTA_PREFSRC:
      way.source = formatAddress(at.bytes())
      break
    case uapi.RTA_TABLE:
      way.table = at.u32() ?? way.table
      break
    case uapi.RTA_PRIORITY:
      way.metric = at.u32() ?? 0
      break
    case RTA_METRICS:
      way.mtuBytes = mtuAmong(at.nested())
      break
  }
}

const mtuAmong = (metrics: AttributeCursor): number | undefined => {
  while (metrics.next()) if (metrics.type === RTAX_MTU) return metrics.u32()
  return undefined
}
