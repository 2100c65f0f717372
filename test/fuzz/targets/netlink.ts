/** Netlink as the kernel sends it: every decoder over every message, cut and twisted; none may throw or run on. */
import assert from 'node:assert/strict'
import { decodeDevicePart } from '../../../src/linux/genl/wireguard-device-codec.ts'
import { decodeAcknowledgement, splitMessages } from '../../../src/linux/netlink/index.ts'
import { decodeAddress } from '../../../src/linux/rtnl/address-codec.ts'
import { decodeForwarding } from '../../../src/linux/rtnl/forwarding-codec.ts'
import { decodeLink } from '../../../src/linux/rtnl/link-codec.ts'
import { decodeForwardingEvent, decodeRouteEvent } from '../../../src/linux/rtnl/route-events.ts'
import { decodeRoute } from '../../../src/linux/rtnl/route-codec.ts'
import { decodeRule } from '../../../src/linux/rtnl/rule-codec.ts'
import { decodeSocketAddress } from '../../../src/linux/socket-address.ts'
import type { FuzzTarget } from '../target.ts'

const DECODERS = [
  decodeLink,
  decodeAddress,
  decodeRoute,
  decodeRule,
  decodeForwarding,
  decodeRouteEvent,
  decodeForwardingEvent,
  decodeDevicePart,
  decodeAcknowledgement,
]

export const netlinkTargets: readonly FuzzTarget[] = [
  {
    name: 'netlink',
    kind: 'bytes',
    run(input) {
      let length = 0
      const outcomes = new Set<string>()
      for (const message of splitMessages(input)) {
        length += 16 + message.payload.byteLength
        // The type may be twisted: a message is also given to the decoders of other types.
        const decoded = DECODERS.map((decode) => (decode(message) === undefined ? '-' : '+')).join('')
        outcomes.add(decoded)
      }
      assert.ok(length <= input.length, 'messages beyond the input')
      return [...outcomes].toSorted().slice(0, 2).join(' ')
    },
  },
  {
    name: 'socket-address',
    kind: 'bytes',
    seeds: () => [
      Uint8Array.of(2, 0, 0x1f, 0x90, 192, 0, 2, 1, ...new Uint8Array(8)),
      Uint8Array.of(
        10,
        0,
        0x1f,
        0x90,
        ...new Uint8Array(4),
        0xfe,
        0x80,
        ...new Uint8Array(13),
        1,
        3,
        0,
        0,
        0,
      ),
    ],
    run(input) {
      const decoded = decodeSocketAddress(input)
      return decoded ? (decoded.address.includes(':') ? 'IPv6' : 'IPv4') : 'refused'
    },
  },
]
