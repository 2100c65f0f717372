/**
 * RSTs, which belong to no connection any more, or never did: RFC 9293 §3.10.7.1. Those for strangers are bounded, in
 * number here and in frequency by `mayAnswer`.
 */
import type { PacketMemory } from '../../packet-memory/index.ts'
import {
  ipHeaderBytes,
  PROTOCOL_TCP,
  pseudoHeaderSum,
  transportChecksum,
  writeIpHeader,
} from '../ip/header.ts'
import { Fifo } from './fifo.ts'
import type { ConnectionEnds } from './initial-numbers.ts'
import { ACK, RST, TCP_HEADER_BYTES, type Segment } from './segment.ts'
import { add } from './sequence.ts'

export const MAX_PENDING_RESETS = 256

interface Reset extends ConnectionEnds {
  readonly sequence: number
  readonly acknowledgment: number
  readonly flags: number
}

export class ResetQueue {
  readonly #resets = new Fifo<Reset>()

  /** Of a connection that we give up: in place for the other end, so that it is believed. */
  ofConnection(ends: ConnectionEnds, sequence: number, acknowledgment: number): void {
    const { local, localPort, remote, remotePort } = ends
    this.#resets.push({ local, localPort, remote, remotePort, sequence, acknowledgment, flags: RST | ACK })
  }

  /** To somebody whose segment is of no connection. `ends`: its addresses are copied. False: too many wait. */
  answer(ends: ConnectionEnds, to: Segment): boolean {
    if (this.#resets.length >= MAX_PENDING_RESETS) return false
    const answersAck = to.has(ACK)
    this.#resets.push({
      local: ends.local.slice(),
      localPort: ends.localPort,
      remote: ends.remote.slice(),
      remotePort: ends.remotePort,
      sequence: answersAck ? to.acknowledgment : 0,
      acknowledgment: answersAck ? 0 : add(to.sequence, to.length),
      flags: answersAck ? RST : RST | ACK,
    })
    return true
  }

  get length(): number {
    return this.#resets.length
  }

  /** 0: there is none. */
  emit(memory: PacketMemory, at: number): number {
    const reset = this.#resets.shift()
    if (reset === undefined) return 0
    const { view } = memory
    const { local, remote } = reset
    const headerAt = at + ipHeaderBytes(remote)
    view.setUint16(headerAt, reset.localPort)
    view.setUint16(headerAt + 2, reset.remotePort)
    view.setInt32(headerAt + 4, reset.sequence)
    view.setInt32(headerAt + 8, reset.acknowledgment)
    view.setUint16(headerAt + 12, (TCP_HEADER_BYTES << 10) | reset.flags)
    view.setUint16(headerAt + 14, 0)
    view.setUint32(headerAt + 16, 0)
    const pseudo = pseudoHeaderSum(local, remote, PROTOCOL_TCP)
    view.setUint16(headerAt + 16, transportChecksum(memory, headerAt, TCP_HEADER_BYTES, pseudo), true)
    return writeIpHeader(memory, at, local, remote, PROTOCOL_TCP, TCP_HEADER_BYTES, 0) + TCP_HEADER_BYTES
  }
}
