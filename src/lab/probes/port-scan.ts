/**
 * A scan of one public address from the stranger: ports 1 to 65535, UDP and TCP, one packet each.
 *
 * TCP: a SYN by raw socket (RFC 9293 §3.5); open is what answers with SYN+ACK. UDP: a datagram; WireGuard keeps
 * silent to strangers, so an answer proves nothing. Therefore the scanned machine is audited (filters/audit.ts):
 * how many of the packets arrived before its filters, which proves the scan complete, and which ports they still
 * had behind them. Open over UDP is a port that is let through and that a socket is bound to, or is forwarded.
 */
import { readFileSync } from 'node:fs'
import {
  AF_INET,
  AF_INET6,
  addressBytes,
  check,
  encodeSocketAddress,
  internetChecksum,
  IPPROTO_TCP,
  IPPROTO_UDP,
  MSG_DONTWAIT,
  SO_RCVBUF,
  SO_SNDBUF,
  SOCK_CLOEXEC,
  SOCK_DGRAM,
  SOCK_RAW,
  SOL_SOCKET,
} from '../../linux/index.ts'
import { deleteTable, replaceTable } from '../../linux/nftables/index.ts'
import { AUDIT, auditTable, PASSED } from '../filters/audit.ts'
import type { Machine } from '../runtime/machine.ts'
import { familyOf } from './echo.ts'

export const PORTS_PER_PROTOCOL = 65_535
const SOURCE_PORT = 40_666
const SYN = 0x02
const ACK = 0x10
/** Packets between two turns of the event loop. */
const BURST = 1024
const BUFFER_BYTES = 4 << 20

export interface ScanTarget {
  readonly machine: Machine
  readonly address: string
}

export interface ScanResult {
  readonly machine: string
  readonly address: string
  /** `udp/51820`, `udp/1024-2047`: somebody receives what a stranger sends there. */
  readonly open: readonly string[]
  /** Let through by the filters though nobody is there. */
  readonly unfiltered: readonly string[]
  /** Probes that reached the machine, of 2 × 65535. */
  readonly arrived: number
}

export async function scanPorts(stranger: Machine, target: ScanTarget): Promise<ScanResult> {
  const source = sourceFor(stranger, target.address)
  target.machine.filter(replaceTable(auditTable({ address: source, bytes: addressBytes(source) })))
  try {
    await sendDatagrams(stranger, target.address)
    const answered = await sendSyns(stranger, { from: source, to: target.address })
    return readAudit(target, answered)
  } finally {
    target.machine.filter(deleteTable(AUDIT))
  }
}

function sourceFor(stranger: Machine, to: string): string {
  const own = stranger.spec.cables.flatMap((cable) => cable.addresses).map((text) => text.split('/')[0] ?? '')
  const source = own.find((address) => familyOf(address) === familyOf(to))
  if (source === undefined) throw new Error(`the stranger has no address to scan ${to} from`)
  return source
}

async function sendDatagrams(stranger: Machine, to: string): Promise<void> {
  const socket = openSocket(stranger, to, { type: SOCK_DGRAM, protocol: IPPROTO_UDP })
  const address = encodeSocketAddress({ address: to, port: 0 })
  const view = new DataView(address.buffer)
  const payload = Uint8Array.of(0)
  try {
    await forEachPort((port) => {
      view.setUint16(2, port)
      // An ICMP error for an earlier port may surface here; the datagram then has to be sent again.
      if (stranger.sys.sendto(socket, payload, 0, address) < 0)
        stranger.sys.sendto(socket, payload, 0, address)
    })
  } finally {
    stranger.sys.close(socket)
  }
}

/** The ports that answered with SYN+ACK. */
async function sendSyns(stranger: Machine, o: { from: string; to: string }): Promise<Set<number>> {
  const socket = openSocket(stranger, o.to, { type: SOCK_RAW, protocol: IPPROTO_TCP })
  const segment = new SynSegment(o.from, o.to)
  const address = encodeSocketAddress({ address: o.to, port: 0 })
  const answered = new Set<number>()
  try {
    await forEachPort(
      (port) => void stranger.sys.sendto(socket, segment.to(port), 0, address),
      () => collectAnswers(stranger, socket, { family: familyOf(o.to), answered }),
    )
    return answered
  } finally {
    stranger.sys.close(socket)
  }
}

function openSocket(stranger: Machine, to: string, o: { type: number; protocol: number }): number {
  const domain = familyOf(to) === 4 ? AF_INET : AF_INET6
  const { sys } = stranger
  const socket = stranger.inside(() =>
    check(sys.socket(domain, o.type | SOCK_CLOEXEC, o.protocol), 'open a socket to scan with'),
  )
  sys.setsockopt(socket, SOL_SOCKET, SO_SNDBUF, BUFFER_BYTES)
  sys.setsockopt(socket, SOL_SOCKET, SO_RCVBUF, BUFFER_BYTES)
  return socket
}

async function forEachPort(send: (port: number) => void, between: () => void = () => {}): Promise<void> {
  for (let port = 1; port <= PORTS_PER_PROTOCOL; port++) {
    send(port)
    if (port % BURST === 0 || port === PORTS_PER_PROTOCOL) {
      between()
      await new Promise((resolve) => setImmediate(resolve))
    }
  }
}

/** A TCP header with SYN set; the checksum covers the pseudo header of RFC 9293 §3.1 or RFC 8200 §8.1. */
class SynSegment {
  readonly #segment = new Uint8Array(20)
  readonly #view = new DataView(this.#segment.buffer)
  readonly #pseudoSum: number

  constructor(from: string, to: string) {
    this.#view.setUint16(0, SOURCE_PORT)
    this.#view.setUint32(4, 0x1abcdef0)
    this.#view.setUint8(12, 5 << 4)
    this.#view.setUint8(13, SYN)
    this.#view.setUint16(14, 1024)
    this.#pseudoSum = sum16([...addressBytes(from), ...addressBytes(to)]) + IPPROTO_TCP + this.#segment.length
  }

  to(port: number): Uint8Array {
    this.#view.setUint16(2, port)
    this.#view.setUint16(16, 0)
    this.#view.setUint16(16, internetChecksum(this.#segment, this.#pseudoSum))
    return this.#segment
  }
}

function sum16(bytes: readonly number[]): number {
  return bytes.reduce((sum, byte, index) => sum + (index % 2 === 0 ? byte << 8 : byte), 0)
}

function collectAnswers(
  stranger: Machine,
  socket: number,
  o: { family: 4 | 6; answered: Set<number> },
): void {
  const buffer = new Uint8Array(256)
  const view = new DataView(buffer.buffer)
  for (;;) {
    const length = stranger.sys.recv(socket, buffer, MSG_DONTWAIT)
    if (length < 0) return
    const start = o.family === 4 ? (view.getUint8(0) & 15) * 4 : 0
    if (length < start + 20 || view.getUint16(start + 2) !== SOURCE_PORT) continue
    if ((view.getUint8(start + 13) & (SYN | ACK)) === (SYN | ACK)) o.answered.add(view.getUint16(start))
  }
}

function readAudit({ machine, address }: ScanTarget, answered: ReadonlySet<number>): ScanResult {
  const seen = machine.withNftables((socket) => ({
    arrived: socket.counters(AUDIT, 'arrived').reduce((sum, count) => sum + count, 0),
    udp: socket.elements(AUDIT, PASSED.udp).map(portOf),
    tcp: socket.elements(AUDIT, PASSED.tcp).map(portOf),
    forwarded: socket.elements(AUDIT, PASSED.forwarded).map(portOf),
  }))
  const bound = boundUdpPorts(machine)
  return {
    machine: machine.name,
    address,
    open: [
      ...portRanges('udp', [...seen.udp.filter((port) => bound.has(port)), ...seen.forwarded]),
      ...portRanges('tcp', [...answered]),
    ],
    unfiltered: [
      ...portRanges(
        'udp',
        seen.udp.filter((port) => !bound.has(port)),
      ),
      ...portRanges(
        'tcp',
        seen.tcp.filter((port) => !answered.has(port)),
      ),
    ],
    arrived: seen.arrived,
  }
}

/** `udp/53`, `udp/1024-65535`. */
function portRanges(protocol: string, ports: readonly number[]): string[] {
  const ranges: { first: number; last: number }[] = []
  for (const port of ports.toSorted((a, b) => a - b)) {
    const range = ranges.at(-1)
    if (range !== undefined && port <= range.last + 1) range.last = port
    else ranges.push({ first: port, last: port })
  }
  return ranges.map(({ first, last }) => `${protocol}/${first === last ? first : `${first}-${last}`}`)
}

function portOf(key: Uint8Array): number {
  return ((key[0] ?? 0) << 8) | (key[1] ?? 0)
}

/** proc(5), /proc/net/udp: the second column is the local address and port, in hexadecimal. */
function boundUdpPorts(machine: Machine): Set<number> {
  const lines = ['udp', 'udp6'].flatMap((name) =>
    readFileSync(`/proc/${machine.pid}/net/${name}`, 'utf8').split('\n').slice(1),
  )
  return new Set(
    lines
      .flatMap((line) => /^\s*\d+: [0-9A-F]+:([0-9A-F]{4}) /.exec(line)?.[1] ?? [])
      .map((hex) => Number.parseInt(hex, 16)),
  )
}
