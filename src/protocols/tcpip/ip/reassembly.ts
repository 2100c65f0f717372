/**
 * Datagrams put together from fragments (RFC 791 §3.2, RFC 8200 §4.5), within bounds in number, bytes and time.
 * Fragments that overlap make the whole datagram, and what else comes of it, go (RFC 5722 §4, for IPv4 as well);
 * exact copies of one are ignored. When there is no room, the oldest datagram gives way: those of an honest host
 * arrive one right after the other.
 */
import { formatAddress } from '../../addresses/index.ts'
import { allocatePacketMemory, type PacketMemory } from '../../packet-memory/index.ts'
import type { StackDrop } from '../stack-api.ts'
import {
  IPV4_HEADER_BYTES,
  IPV6_HEADER_BYTES,
  MAX_IPV4_BYTES,
  writeInet6Header,
  writeInetHeader,
} from './header.ts'
import type { Inbound } from './inbound.ts'

/** RFC 1122 §3.3.2 lets us choose; Linux waits as long. */
export const IPV4_REASSEMBLY_MS = 30_000
/** RFC 8200 §4.5. */
export const IPV6_REASSEMBLY_MS = 60_000
/** 64 KiB over a path of 576 bytes are 120. */
export const MAX_FRAGMENTS = 128
const MAX_DATAGRAM_BYTES = 65_535
/** What keeping a fragment costs beside its bytes. */
const FRAGMENT_OVERHEAD_BYTES = 128
/** Of the first fragment, kept with its headers for telling the sender that time is up. */
const QUOTED_BYTES = 548

interface Piece {
  readonly offset: number
  readonly bytes: Uint8Array
}

interface Datagram {
  readonly key: string
  readonly until: number
  readonly family: 4 | 6
  /** By offset. Empty once it was given up: then it only swallows what still comes. */
  pieces: Piece[]
  abandoned: boolean
  /** Held here, overhead included. */
  heldBytes: number
  receivedBytes: number
  /** Known once the last fragment came. */
  totalBytes: number | undefined
  /** RFC 8200 §4.5: what follows is said by the first fragment. */
  protocol: number
  congestionSeen: boolean
  ecn: number
  quote: Uint8Array | undefined
}

export interface ReassemblyOptions {
  readonly maxDatagrams: number
  readonly maxBytes: number
  /** The first fragment of what was not completed in time, with its headers; false once no answer may be sent. */
  readonly onTimeout: (quote: Uint8Array, family: 4 | 6, nowMs: number) => void
  readonly count: (what: string) => void
}

export class Reassembly {
  readonly #options: ReassemblyOptions
  /** Oldest first. */
  readonly #datagrams = new Map<string, Datagram>()
  #heldBytes = 0
  #memory: PacketMemory | undefined

  constructor(options: ReassemblyOptions) {
    this.#options = options
  }

  get size(): number {
    return this.#datagrams.size
  }

  get heldBytes(): number {
    return this.#heldBytes
  }

  /** Where a completed datagram lies, from 0 on, behind a fixed header. */
  get memory(): PacketMemory {
    this.#memory ??= allocatePacketMemory(IPV6_HEADER_BYTES + MAX_DATAGRAM_BYTES + 1)
    return this.#memory
  }

  /** `packet` stands at the payload of a fragment. A number: the length of the packet that it completed. */
  add(packet: Inbound, nowMs: number): StackDrop | number | undefined {
    const end = packet.fragmentOffset + packet.length
    const limit = packet.family === 4 ? MAX_IPV4_BYTES - IPV4_HEADER_BYTES : MAX_DATAGRAM_BYTES
    if (packet.length === 0 || end > limit || (packet.moreFragments && packet.length % 8 !== 0))
      return 'malformed'
    const datagram = this.#find(packet, nowMs)
    if (datagram.abandoned) return 'malformed'
    const place = findPlace(datagram.pieces, packet)
    if (place === 'copy') return undefined
    if (place === 'overlap' || !isEndPossible(datagram, packet)) {
      this.#options.count('reassembly-overlaps')
      this.#abandon(datagram)
      return 'malformed'
    }
    if (datagram.pieces.length >= MAX_FRAGMENTS) {
      this.#abandon(datagram)
      return 'fragment-limit'
    }
    if (!this.#makeRoom(datagram, packet.length + FRAGMENT_OVERHEAD_BYTES)) return 'fragment-limit'
    this.#insert(datagram, packet, place)
    if (datagram.receivedBytes !== datagram.totalBytes) return undefined
    return this.#complete(datagram, packet)
  }

  advance(nowMs: number): void {
    if (this.#datagrams.size === 0) return
    for (const datagram of this.#datagrams.values()) {
      if (datagram.until > nowMs) continue
      this.#remove(datagram)
      if (datagram.abandoned) continue
      this.#options.count('reassembly-timeouts')
      if (datagram.quote !== undefined) this.#options.onTimeout(datagram.quote, datagram.family, nowMs)
    }
  }

  nextDeadline(): number {
    let next = Number.POSITIVE_INFINITY
    if (this.#datagrams.size === 0) return next
    for (const { until } of this.#datagrams.values()) next = Math.min(next, until)
    return next
  }

  clear(): void {
    this.#datagrams.clear()
    this.#heldBytes = 0
  }

  #find(packet: Inbound, nowMs: number): Datagram {
    const { family, identification } = packet
    const protocol = family === 4 ? packet.protocol : 0
    const key = `${formatAddress(packet.source)} ${formatAddress(packet.destination)} ${protocol} ${identification}`
    const known = this.#datagrams.get(key)
    if (known !== undefined && known.until > nowMs) return known
    if (known !== undefined) this.#remove(known)
    while (this.#datagrams.size >= this.#options.maxDatagrams) this.#evictOldest()
    const until = nowMs + (family === 4 ? IPV4_REASSEMBLY_MS : IPV6_REASSEMBLY_MS)
    const datagram: Datagram = {
      ...{ key, until, family, protocol, pieces: [], abandoned: false, heldBytes: 0, receivedBytes: 0 },
      ...{ totalBytes: undefined, congestionSeen: false, ecn: packet.ecn, quote: undefined },
    }
    this.#datagrams.set(key, datagram)
    return datagram
  }

  #insert(datagram: Datagram, packet: Inbound, place: number): void {
    const { memory, at, length, fragmentOffset } = packet
    datagram.pieces.splice(place, 0, { offset: fragmentOffset, bytes: memory.bytes.slice(at, at + length) })
    datagram.receivedBytes += length
    if (!packet.moreFragments) datagram.totalBytes = fragmentOffset + length
    if (packet.ecn === 3) datagram.congestionSeen = true
    if (fragmentOffset > 0) return
    datagram.protocol = packet.protocol
    datagram.ecn = packet.ecn
    const quoted = Math.min(packet.packetLength, QUOTED_BYTES)
    datagram.quote = memory.bytes.slice(packet.packetAt, packet.packetAt + quoted)
  }

  #complete(datagram: Datagram, packet: Inbound): number {
    const { memory } = this
    const length = datagram.receivedBytes
    const headerBytes = packet.family === 4 ? IPV4_HEADER_BYTES : IPV6_HEADER_BYTES
    // RFC 3168 §5.3: congestion that one of them met, all of them met.
    const ecn = datagram.congestionSeen ? 3 : datagram.ecn
    const { source, destination } = packet
    if (packet.family === 4)
      writeInetHeader(
        memory,
        0,
        source,
        destination,
        datagram.protocol,
        length,
        ecn,
        packet.identification,
        0,
      )
    else writeInet6Header(memory, 0, source, destination, datagram.protocol, length, ecn)
    for (const { offset, bytes } of datagram.pieces) memory.bytes.set(bytes, headerBytes + offset)
    this.#remove(datagram)
    this.#options.count('reassembled')
    return headerBytes + length
  }

  #makeRoom(datagram: Datagram, bytes: number): boolean {
    while (this.#heldBytes + bytes > this.#options.maxBytes) {
      // Never the one that is growing: then it alone is too large.
      if (this.#datagrams.size === 1) return false
      this.#datagrams.delete(datagram.key)
      this.#evictOldest()
      this.#datagrams.set(datagram.key, datagram)
    }
    this.#heldBytes += bytes
    datagram.heldBytes += bytes
    return true
  }

  #evictOldest(): void {
    for (const oldest of this.#datagrams.values()) {
      this.#remove(oldest)
      this.#options.count('reassembly-evictions')
      return
    }
  }

  /** It stays until its time is up, with nothing in it, so that its later fragments do not begin a new one. */
  #abandon(datagram: Datagram): void {
    this.#heldBytes -= datagram.heldBytes
    datagram.heldBytes = 0
    datagram.pieces = []
    datagram.quote = undefined
    datagram.abandoned = true
  }

  #remove(datagram: Datagram): void {
    this.#heldBytes -= datagram.heldBytes
    this.#datagrams.delete(datagram.key)
  }
}

/** Where among the pieces it belongs. */
function findPlace(pieces: readonly Piece[], packet: Inbound): number | 'copy' | 'overlap' {
  const start = packet.fragmentOffset
  const end = start + packet.length
  let place = pieces.length
  while (place > 0 && pieces[place - 1]!.offset >= start) place -= 1
  const next = pieces[place]
  if (next !== undefined && next.offset === start && isCopy(next, packet)) return 'copy'
  if (next !== undefined && next.offset < end) return 'overlap'
  const previous = pieces[place - 1]
  return previous !== undefined && previous.offset + previous.bytes.length > start ? 'overlap' : place
}

function isCopy(piece: Piece, packet: Inbound): boolean {
  if (piece.bytes.length !== packet.length) return false
  const { bytes } = packet.memory
  for (let index = 0; index < packet.length; index++)
    if (piece.bytes[index] !== bytes[packet.at + index]) return false
  return true
}

/** One end only, and nothing beyond it. */
function isEndPossible(datagram: Datagram, packet: Inbound): boolean {
  const end = packet.fragmentOffset + packet.length
  if (datagram.totalBytes !== undefined) return packet.moreFragments && end <= datagram.totalBytes
  if (packet.moreFragments) return true
  const last = datagram.pieces.at(-1)
  return last === undefined || last.offset + last.bytes.length <= end
}
