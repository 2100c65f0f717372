/**
 * Closed by default: what comes in by the underlay is dropped unless it answers something or the topology opens
 * it. The tunnel's links are trusted, and a relay may forward between them, never from or to the underlay.
 */
import { clause, type Rule, type Table } from '../../linux/nftables/index.ts'
import type { HostFirewall } from '../topology/topology.ts'

const { accept, established, from, notFrom, notTo, destinationPort, neighbourDiscovery, redirectTo } = clause

export const FIREWALL = { family: 'inet', name: 'lab-firewall' } as const

export function hostFirewall(firewall: HostFirewall): Table {
  const { underlay, openUdp, redirects } = firewall
  return {
    ...FIREWALL,
    sets: [],
    chains: [
      {
        name: 'input',
        type: 'filter',
        hook: 'input',
        priority: 0,
        policy: 'drop',
        rules: [
          [established(), accept()],
          [notFrom(underlay), accept()],
          [neighbourDiscovery(), accept()],
          ...openUdp.map((port): Rule => [destinationPort('udp', port), accept()]),
        ],
      },
      {
        name: 'forward',
        type: 'filter',
        hook: 'forward',
        priority: 0,
        policy: 'drop',
        rules: [[notFrom(underlay), notTo(underlay), accept()]],
      },
      ...(redirects.length === 0
        ? []
        : [
            {
              name: 'redirects',
              type: 'nat',
              hook: 'prerouting',
              priority: -100,
              policy: 'accept',
              rules: redirects.map(
                (r): Rule => [from(underlay), destinationPort('udp', r.from), redirectTo(r.to)],
              ),
            } as const,
          ]),
    ],
  }
}

/** A lossy line: its own table, so that it can come and go under a running network. */
export function lossyLine(underlay: string, share: number): Table {
  return {
    family: 'inet',
    name: 'lab-loss',
    sets: [],
    chains: [
      {
        name: 'line',
        type: 'filter',
        hook: 'prerouting',
        priority: -300,
        policy: 'accept',
        rules: [[from(underlay), clause.lose(share)]],
      },
    ],
  }
}
