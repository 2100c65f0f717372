/**
 * One network namespace of the fake: the tables, and who listens to their changes. Rows are immutable; a change
 * replaces the row. What the kernel does by itself when a link goes up or down is in fake-tables.ts.
 */
import type { WgDevice } from '../genl/index.ts'
import type { MessageWriter } from '../netlink/index.ts'
import type { Address, Forwarding, Link, LinkRef, Route, Rule } from '../rtnl/index.ts'
import * as uapi from '../uapi/index.ts'

/** A multicast listener: a socket that joined the group. */
export interface Listener {
  readonly groups: ReadonlySet<number>
  announce(type: number, body: (writer: MessageWriter) => void): void
}

/** A link, wherever it is. */
export interface LinkPlace {
  readonly namespace: FakeNamespace
  readonly index: number
}

const KERNEL_RULE = { action: uapi.FR_ACT_TO_TBL, protocol: uapi.RTPROT_KERNEL }
const RT_TABLE_DEFAULT = 253

export class FakeNamespace {
  readonly links = new Map<number, Link>()
  readonly vethEnds = new Map<number, LinkPlace>()
  /** By the index of a link here: the links over it. */
  readonly stacked = new Map<number, readonly LinkPlace[]>()
  readonly wireguard = new Map<number, WgDevice>()
  readonly listeners = new Set<Listener>()
  addresses: readonly Address[] = []
  routes: readonly Route[] = []
  /** Of vxlan links. */
  forwarding: readonly Forwarding[] = []
  rules: readonly Rule[] = [
    { family: 'inet', priority: 0, table: uapi.RT_TABLE_LOCAL, ...KERNEL_RULE },
    { family: 'inet', priority: 32766, table: uapi.RT_TABLE_MAIN, ...KERNEL_RULE },
    { family: 'inet', priority: 32767, table: RT_TABLE_DEFAULT, ...KERNEL_RULE },
    { family: 'inet6', priority: 0, table: uapi.RT_TABLE_LOCAL, ...KERNEL_RULE },
    { family: 'inet6', priority: 32766, table: uapi.RT_TABLE_MAIN, ...KERNEL_RULE },
  ]

  constructor() {
    this.links.set(1, {
      index: 1,
      name: 'lo',
      kind: '',
      up: false,
      flags: uapi.IFF_LOOPBACK,
      hardwareType: uapi.ARPHRD_LOOPBACK,
      mtuBytes: 65536,
      hardwareAddress: '00:00:00:00:00:00',
      master: undefined,
      peerIndex: undefined,
      peerNamespaceId: undefined,
      operState: 'unknown',
      settings: {},
      altNames: [],
    })
  }

  nextIndex(): number {
    return Math.max(...this.links.keys()) + 1
  }

  /** By index, name or alternative name. */
  find(link: LinkRef): Link | undefined {
    if (typeof link === 'number') return this.links.get(link)
    return [...this.links.values()].find(({ name, altNames }) => name === link || altNames.includes(link))
  }

  announce(group: number, type: number, body: (writer: MessageWriter) => void): void {
    for (const listener of this.listeners) if (listener.groups.has(group)) listener.announce(type, body)
  }
}
