/**
 * An instrument, not a filter: on a machine that is being scanned it counts what arrived from one source before
 * any filter, and notes which ports were still there behind every filter. WireGuard answers nobody it does not
 * know, so from outside an open UDP port looks like a filtered one; from behind the firewall it does not.
 */
import { clause, expression as e, type Rule, type Table } from '../../linux/nftables/index.ts'

export const AUDIT = { family: 'inet', name: 'lab-audit' } as const
export const PASSED = { udp: 'passed_udp', tcp: 'passed_tcp', forwarded: 'forwarded' } as const

export interface AuditSource {
  readonly address: string
  readonly bytes: Uint8Array
}

export function auditTable(source: AuditSource): Table {
  const fromSource = clause.sourceIs(source.address, source.bytes)
  const note = (protocol: 'udp' | 'tcp'): Rule => [
    fromSource,
    clause.protocol(protocol),
    clause.custom(`add @${PASSED[protocol]} { ${protocol} dport }`, [
      clause.fields.destinationPort(0),
      e.addToSet(PASSED[protocol], { key: 0 }),
    ]),
  ]
  const noteForwarded: Rule = [
    fromSource,
    // As the source addressed it: a translated packet has another port by now.
    clause.custom(`add @${PASSED.forwarded} { ct original proto-dst }`, [
      e.originalDestinationPort(0),
      e.addToSet(PASSED.forwarded, { key: 0 }),
    ]),
  ]
  const filter = { type: 'filter', policy: 'accept' } as const
  return {
    ...AUDIT,
    sets: [
      { name: PASSED.udp, key: ['inet_service'], size: 65_536 },
      { name: PASSED.tcp, key: ['inet_service'], size: 65_536 },
      { name: PASSED.forwarded, key: ['inet_service'], size: 65_536 },
    ],
    chains: [
      {
        ...filter,
        name: 'arrived',
        hook: 'prerouting',
        priority: -400,
        rules: [
          [fromSource, clause.protocol('udp'), clause.count()],
          [fromSource, clause.protocol('tcp'), clause.count()],
        ],
      },
      { ...filter, name: 'delivered', hook: 'input', priority: 200, rules: [note('udp'), note('tcp')] },
      { ...filter, name: 'forwarded', hook: 'forward', priority: 200, rules: [noteForwarded] },
    ],
  }
}
