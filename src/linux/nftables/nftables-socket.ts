/**
 * nfnetlink's nf_tables subsystem (<linux/netfilter/nfnetlink.h>): transactions between BATCH_BEGIN and
 * BATCH_END, all or nothing, and dumps. A socket belongs to the namespace it was opened in.
 */
import { AttributeCursor } from '../netlink/attribute-cursor.ts'
import type { MessageWriter } from '../netlink/message-writer.ts'
import { NetlinkSocket, type NetlinkRequest } from '../netlink/netlink-socket.ts'
import type { Syscalls } from '../syscalls.ts'
import * as nl from '../uapi/netlink.ts'
import { type Attribute, text, writeAttributes } from './attribute.ts'
import * as n from './numbers.ts'
import type { NftablesRequest, Table } from './ruleset.ts'

/** One thing that a dump found: its attributes, unread. */
export interface NftablesRecord {
  readonly family: number
  readonly attributes: Uint8Array
}

const FLAGS = { create: nl.NLM_F_CREATE, append: nl.NLM_F_CREATE | nl.NLM_F_APPEND, none: 0 } as const
const HEADER = { bytes: 4, prefix: 'NFTA_' } as const

export class NftablesSocket {
  readonly #socket: NetlinkSocket

  private constructor(socket: NetlinkSocket) {
    this.#socket = socket
  }

  /** In the calling thread's namespace. */
  static open(sys: Syscalls): NftablesSocket {
    return new NftablesSocket(NetlinkSocket.open(sys, nl.NETLINK_NETFILTER))
  }

  close(): void {
    this.#socket.close()
  }

  /** Does all of the requests or none. `what` is for the error: `load table inet lab on hub`. */
  apply(requests: readonly NftablesRequest[], what: string): void {
    const outcomes = this.#socket.transact([
      batchMark(n.NFNL_MSG_BATCH_BEGIN, what),
      ...requests.map((request) => netlinkRequest(request, what)),
      batchMark(n.NFNL_MSG_BATCH_END, what),
    ])
    const failure = outcomes.find((outcome) => outcome !== undefined)
    if (failure) throw failure
  }

  /** Everything of one kind: NFT_MSG_GETTABLE, GETCHAIN, GETRULE, GETSET, or one set's GETSETELEM. */
  dump(message: number, o: { family?: number; attributes?: readonly Attribute[] } = {}): NftablesRecord[] {
    const request = netlinkRequest(
      { message, flags: 'none', family: o.family ?? 0, attributes: o.attributes ?? [] },
      'read the nftables ruleset',
    )
    return this.#socket.dump(request, ({ payload }) => ({
      family: payload.getUint8(0),
      attributes: new Uint8Array(payload.buffer, payload.byteOffset, payload.byteLength).slice(HEADER.bytes),
    }))
  }

  /** The keys that a set or map holds now. */
  elements(table: Pick<Table, 'family' | 'name'>, set: string): Uint8Array[] {
    return this.elementsOf(n.FAMILIES[table.family], table.name, set)
  }

  /** The same, of a table of any family (NFPROTO_*). */
  elementsOf(family: number, table: string, set: string): Uint8Array[] {
    const attributes = [text(n.NFTA_SET_ELEM_LIST_TABLE, table), text(n.NFTA_SET_ELEM_LIST_SET, set)]
    const records = this.dump(n.NFT_MSG_GETSETELEM, { family, attributes })
    return records.flatMap((record) => elementKeys(record.attributes))
  }

  /** What the counters of a chain have counted, in packets, in the order of its rules. */
  counters(table: Pick<Table, 'family' | 'name'>, chain: string): number[] {
    const attributes = [text(n.NFTA_RULE_TABLE, table.name), text(n.NFTA_RULE_CHAIN, chain)]
    const records = this.dump(n.NFT_MSG_GETRULE, { family: n.FAMILIES[table.family], attributes })
    return records.flatMap((record) => ruleCounters(record.attributes))
  }
}

function batchMark(type: number, what: string): NetlinkRequest {
  const body = (writer: MessageWriter): void => {
    writer.u8(0).u8(0).u16BigEndian(n.NFNL_SUBSYS_NFTABLES)
  }
  return { type, what, header: HEADER, body, unacknowledged: true }
}

function netlinkRequest(request: NftablesRequest, what: string): NetlinkRequest {
  return {
    type: (n.NFNL_SUBSYS_NFTABLES << 8) | request.message,
    flags: FLAGS[request.flags],
    what,
    header: HEADER,
    body: (writer) => {
      writer.u8(request.family).u8(0).u16BigEndian(0)
      writeAttributes(writer, request.attributes)
    },
  }
}

function elementKeys(attributes: Uint8Array): Uint8Array[] {
  return each(cursorOver(attributes), n.NFTA_SET_ELEM_LIST_ELEMENTS, (list) => list.nested())
    .flatMap((elements) => each(elements, n.NFTA_LIST_ELEM, (element) => element.nested()))
    .flatMap((element) => each(element, n.NFTA_SET_ELEM_KEY, (key) => key.nested()))
    .flatMap((key) => each(key, n.NFTA_DATA_VALUE, (value) => value.bytes().slice()))
}

function ruleCounters(attributes: Uint8Array): number[] {
  return each(cursorOver(attributes), n.NFTA_RULE_EXPRESSIONS, (list) => list.nested())
    .flatMap((expressions) =>
      each(expressions, n.NFTA_LIST_ELEM, (element) => [element.nested(), element.nested()]),
    )
    .filter(
      ([named]) =>
        named !== undefined && each(named, n.NFTA_EXPR_NAME, (name) => name.string())[0] === 'counter',
    )
    .flatMap(([, body]) => (body === undefined ? [] : each(body, n.NFTA_EXPR_DATA, (data) => data.nested())))
    .flatMap((data) => each(data, n.NFTA_COUNTER_PACKETS, (packets) => Number(packets.u64BigEndian() ?? 0n)))
}

export function cursorOver(bytes: Uint8Array): AttributeCursor {
  return new AttributeCursor(new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength))
}

/** What `read` makes of every attribute of this type. */
function each<T>(cursor: AttributeCursor, type: number, read: (at: AttributeCursor) => T): T[] {
  const found: T[] = []
  while (cursor.next()) if (cursor.type === type) found.push(read(cursor))
  return found
}
