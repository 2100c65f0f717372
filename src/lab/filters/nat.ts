/**
 * A home router's translation of UDP, with mapping and filtering chosen apart (RFC 4787 §4.1, §5), built from
 * nftables maps that the packet path itself fills:
 *
 *   mapping    LAN endpoint (and, where dependent, the remote's address and port) → outside port
 *   owners     outside port → LAN endpoint: the way back in
 *   taken      outside ports in use: keeps them unique
 *   contacted  outside port and remote address: who may answer under address-dependent filtering
 *
 * A nat chain sees only the first packet of a flow; conntrack carries the rest, which is exactly address- and
 * port-dependent filtering. Wider filtering therefore is one more dnat rule. The outside port is the inside one
 * where that is free and the mapping does not depend on the remote (port preservation, §4.2.1); otherwise random.
 * Mappings last as long as the router; there is no hairpinning (REQ-9). TCP and ICMP are plainly masqueraded.
 */
import {
  type Clause,
  clause,
  expression as e,
  type NamedSet,
  type Rule,
  type Table,
} from '../../linux/nftables/index.ts'
import type { Nat, NatDependence } from '../topology/topology.ts'

const { accept, established, from, notFrom, to, protocol, custom, drop, fields, wasForwarded } = clause

export const NAT = { family: 'ip', name: 'lab-nat' } as const
export const ROUTER_FIREWALL = { family: 'inet', name: 'lab-firewall' } as const

/** Registers: the LAN endpoint in 0 and 1, the remote in 2 and 3, the outside port in 4, the remote again in 5. */
const LAN_ENDPOINT = 0
const REMOTE_ADDRESS = 2
const REMOTE_PORT = 3
const PORT = 4
const PORT_AND_REMOTE = 5
/** RFC 4787 REQ-3: never a well-known port for one that is not. */
const FIRST_PORT = 1024
/** Tries at a free random port before the packet is dropped. */
const TRIES = 4

export function natTable(nat: Nat): Table {
  return {
    ...NAT,
    sets: sets(nat.mapping),
    chains: [
      { name: 'in', type: 'nat', hook: 'prerouting', priority: -100, policy: 'accept', rules: inward(nat) },
      { name: 'out', type: 'nat', hook: 'postrouting', priority: 100, policy: 'accept', rules: outward(nat) },
    ],
  }
}

/** Apart from the translation, so that each can be taken away alone. */
export function routerFirewall(nat: Nat): Table {
  const closed = { type: 'filter', priority: 0, policy: 'drop' } as const
  return {
    ...ROUTER_FIREWALL,
    sets: [],
    chains: [
      {
        ...closed,
        name: 'forward',
        hook: 'forward',
        rules: [
          [established(), accept()],
          [from(nat.inside), accept()],
          [from(nat.outside), wasForwarded(), accept()],
        ],
      },
      {
        ...closed,
        name: 'input',
        hook: 'input',
        rules: [
          [established(), accept()],
          [notFrom(nat.outside), accept()],
        ],
      },
    ],
  }
}

function sets(mapping: NatDependence): NamedSet[] {
  const remote = {
    'endpoint-independent': [],
    'address-dependent': ['ipv4_addr'],
    'address-and-port-dependent': ['ipv4_addr', 'inet_service'],
  } as const
  const size = 65_535
  return [
    {
      name: 'mapping',
      key: ['ipv4_addr', 'inet_service', ...remote[mapping]],
      value: ['inet_service'],
      size,
    },
    { name: 'owners', key: ['inet_service'], value: ['ipv4_addr', 'inet_service'], size },
    // A set of its own: until Linux 6.6 a map cannot be asked whether it has a key without reading what it maps to.
    { name: 'taken', key: ['inet_service'], size },
    { name: 'contacted', key: ['inet_service', 'ipv4_addr'], size },
  ]
}

function outward(nat: Nat): Rule[] {
  const head = [to(nat.outside), protocol('udp'), loadEndpoints(nat.mapping)]
  const translate = custom(`snat to ${nat.outsideAddress}:port`, [
    fields.ipv4Destination(PORT_AND_REMOTE),
    e.addToSet('contacted', { key: PORT }),
    e.immediate(clause.ipv4Bytes(nat.outsideAddress), 6),
    e.nat('snat', { address: 6, port: PORT }),
  ])
  const known = custom('port = mapping[endpoint]', [e.lookup('mapping', { key: LAN_ENDPOINT, into: PORT })])
  const claim = custom('port not in taken, add to taken, owners and mapping', [
    e.lookup('taken', { key: PORT, inverted: true }),
    e.addToSet('taken', { key: PORT }),
    e.addToSet('owners', { key: PORT, value: LAN_ENDPOINT }),
    e.addToSet('mapping', { key: LAN_ENDPOINT, value: PORT }),
  ])
  const same = custom('port = udp sport', [fields.sourcePort(PORT)])
  const preserve: Rule[] = nat.mapping === 'endpoint-independent' ? [[...head, same, claim, translate]] : []
  return [
    [...head, known, translate],
    ...preserve,
    ...Array.from({ length: TRIES }, (): Rule => [...head, randomPort(), claim, translate]),
    [to(nat.outside), protocol('udp'), drop()],
    [to(nat.outside), clause.masquerade()],
  ]
}

function loadEndpoints(mapping: NatDependence): Clause {
  const remote = {
    'endpoint-independent': [],
    'address-dependent': [fields.ipv4Destination(REMOTE_ADDRESS)],
    'address-and-port-dependent': [
      fields.ipv4Destination(REMOTE_ADDRESS),
      fields.destinationPort(REMOTE_PORT),
    ],
  }[mapping]
  const names = {
    'endpoint-independent': '',
    'address-dependent': ' . ip daddr',
    'address-and-port-dependent': ' . ip daddr . udp dport',
  }
  return custom(`endpoint = ip saddr . udp sport${names[mapping]}`, [
    fields.ipv4Source(LAN_ENDPOINT),
    fields.sourcePort(LAN_ENDPOINT + 1),
    ...remote,
  ])
}

function randomPort(): Clause {
  return custom('port = random', [
    e.random({ modulus: 65_536 - FIRST_PORT, offset: FIRST_PORT }, PORT),
    e.toNetworkOrder16(PORT),
  ])
}

function inward(nat: Nat): Rule[] {
  const head = [from(nat.outside), protocol('udp')]
  const arrived = custom('port = udp dport', [fields.destinationPort(PORT)])
  const contacted = custom('port . ip saddr in contacted', [
    fields.ipv4Source(PORT_AND_REMOTE),
    e.lookup('contacted', { key: PORT }),
  ])
  const deliver = custom('dnat to owners[port]', [
    e.lookup('owners', { key: PORT, into: LAN_ENDPOINT }),
    e.nat('dnat', { address: LAN_ENDPOINT, port: LAN_ENDPOINT + 1 }),
  ])
  const wider: Record<NatDependence, Rule[]> = {
    'endpoint-independent': [[...head, arrived, deliver]],
    'address-dependent': [[...head, arrived, contacted, deliver]],
    'address-and-port-dependent': [],
  }
  return [
    ...nat.forwards.map(
      (f): Rule => [
        from(nat.outside),
        clause.destinationPort('udp', f.port),
        clause.forwardTo(f.address, f.toPort),
      ],
    ),
    ...wider[nat.filtering],
  ]
}
