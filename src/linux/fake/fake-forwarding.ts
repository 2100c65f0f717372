/** RTM_NEWNEIGH and RTM_DELNEIGH of the family AF_BRIDGE in the fake: the forwarding databases of its vxlan links. */
import { parseAddress } from '../ip-text.ts'
import type { MessageWriter, NetlinkMessage } from '../netlink/index.ts'
import {
  ALL_ZERO_ADDRESS,
  decodeForwarding,
  encodeForwardingSpec,
  type Forwarding,
  type Link,
} from '../rtnl/index.ts'
import * as uapi from '../uapi/index.ts'
import type { FakeNamespace } from './fake-namespace.ts'
import { Refusal } from './refusal.ts'

const EAFNOSUPPORT = 97

export const dumpForwarding = (
  { forwarding }: FakeNamespace,
  { payload }: NetlinkMessage,
): ((writer: MessageWriter) => void)[] => {
  const linkIndex = payload.getInt32(4, true)
  return forwarding
    .filter((entry) => linkIndex === 0 || entry.linkIndex === linkIndex)
    .map((entry) => (writer) => encodeEntry(writer, entry))
}

const encodeEntry = (writer: MessageWriter, { linkIndex, ...entry }: Forwarding): void =>
  encodeForwardingSpec(writer, { ...entry, link: linkIndex }, linkIndex)

export const addForwarding = (namespace: FakeNamespace, message: NetlinkMessage): void => {
  const entry = requested(namespace, message)
  const present = namespace.forwarding.filter((other) => sameAddress(other, entry))
  if (present.length > 0 && message.flags & uapi.NLM_F_EXCL) throw new Refusal(uapi.EEXIST)
  if (present.some(({ destination }) => destination === entry.destination)) return
  putForwarding(namespace, entry)
}

export const deleteForwarding = (namespace: FakeNamespace, message: NetlinkMessage): void => {
  const entry = requested(namespace, message)
  const present = namespace.forwarding.filter((other) => sameAddress(other, entry))
  if (present.length === 0) throw new Refusal(uapi.ENOENT)
  // A destination that is not among them is no mistake to the kernel.
  dropForwarding(namespace, (other) => present.includes(other) && other.destination === entry.destination)
}

/** The entry that a vxlan's own `group` is. */
export const followGroup = (namespace: FakeNamespace, from: Link | undefined, to: Link): void => {
  const entryOf = ({ index, settings: { group } }: Link): Forwarding | undefined =>
    typeof group === 'string'
      ? { linkIndex: index, hardwareAddress: ALL_ZERO_ADDRESS, destination: group, learned: false }
      : undefined
  const [before, after] = [from && entryOf(from), entryOf(to)]
  if (to.kind !== 'vxlan' || before?.destination === after?.destination) return
  dropForwarding(
    namespace,
    (entry) => before !== undefined && sameAddress(entry, before) && entry.destination === before.destination,
  )
  if (after) putForwarding(namespace, after)
}

const putForwarding = (namespace: FakeNamespace, entry: Forwarding): void => {
  namespace.forwarding = [...namespace.forwarding, entry]
  namespace.announce(uapi.RTNLGRP_NEIGH, uapi.RTM_NEWNEIGH, (writer) => encodeEntry(writer, entry))
}

export const dropForwarding = (namespace: FakeNamespace, matches: (entry: Forwarding) => boolean): void => {
  const gone = namespace.forwarding.filter(matches)
  namespace.forwarding = namespace.forwarding.filter((entry) => !matches(entry))
  for (const entry of gone)
    namespace.announce(uapi.RTNLGRP_NEIGH, uapi.RTM_DELNEIGH, (writer) => encodeEntry(writer, entry))
}

const sameAddress = (a: Forwarding, b: Forwarding): boolean =>
  a.linkIndex === b.linkIndex && a.hardwareAddress === b.hardwareAddress

const requested = (namespace: FakeNamespace, message: NetlinkMessage): Forwarding => {
  const entry = decodeForwarding(message)
  if (!entry) throw new Refusal(uapi.EINVAL)
  const link = namespace.links.get(entry.linkIndex)
  if (!link) throw new Refusal(uapi.ENODEV)
  if (link.kind !== 'vxlan') throw new Refusal(uapi.EOPNOTSUPP)
  const { group, local } = link.settings
  if (familyOf(group ?? local) !== familyOf(entry.destination)) throw new Refusal(EAFNOSUPPORT)
  return entry
}

const familyOf = (address: unknown): number =>
  typeof address === 'string' ? (parseAddress(address)?.length ?? 4) : 4
