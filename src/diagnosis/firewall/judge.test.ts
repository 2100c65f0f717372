/** Rule sets as the kernel lists them, and what becomes of a packet. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ChainFacts, ExpressionFacts, RulesetFacts, VerdictFacts } from '../facts.ts'
import { judge } from './judge.ts'
import type { Packet } from './packet.ts'
import { formatRule, openingFor, placeOf } from './rule-text.ts'

const verdict = (kind: 'accept' | 'drop' | 'return' | 'queue'): ExpressionFacts => ({
  op: 'verdict',
  verdict: { kind },
})
const jump = (chain: string, kind: 'jump' | 'goto' = 'jump'): ExpressionFacts => ({
  op: 'verdict',
  verdict: { kind, chain },
})
const is = (value: string, from = 0): ExpressionFacts => ({ op: 'cmp', from, how: '==', value })
const meta = (key: number): ExpressionFacts => ({ op: 'meta', key, into: 0 })
const l4proto = (number: string): ExpressionFacts[] => [meta(16), is(number)]
const transport = (offset: number): ExpressionFacts => ({
  op: 'payload',
  base: 2,
  offset,
  length: 2,
  into: 0,
})
const udpTo = (port: string): ExpressionFacts[] => [...l4proto('11'), transport(2), is(port)]
const name = (text: string): string => Buffer.from(text).toString('hex').padEnd(32, '0')
const from = (link: string): ExpressionFacts[] => [meta(6), is(name(link))]
const address = (offset: number, length: number): ExpressionFacts => ({
  ...{ op: 'payload', base: 1, offset, length, into: 0 },
})
const established: ExpressionFacts[] = [
  { op: 'ct', key: 0, into: 0 },
  { op: 'bitwise', from: 0, into: 0, mask: '06000000', xor: '00000000' },
  { op: 'cmp', from: 0, how: '!=', value: '00000000' },
]
const limit: ExpressionFacts = { op: 'other', name: 'limit' }

const chain = (
  rules: readonly (readonly ExpressionFacts[])[],
  more: Partial<ChainFacts> = {},
): ChainFacts => ({
  ...{
    family: 'inet',
    table: 'filter',
    name: 'input',
    type: 'filter',
    hook: 1,
    priority: 0,
    policy: 'accept',
  },
  rules: rules.map((expressions, i) => ({ handle: i + 1, expressions })),
  ...more,
})
const side = (own: string, rules: readonly (readonly ExpressionFacts[])[]): ChainFacts => ({
  ...{ family: 'inet', table: 'filter', name: own },
  rules: rules.map((expressions, i) => ({ handle: i + 10, expressions })),
})

const PACKET: Packet = {
  ...{ family: 4, protocol: 'udp', source: '192.0.2.1', destination: '198.51.100.1', state: 'new' },
  ...{ sourcePort: 51_820, destinationPort: 51_820, inputLink: 'eth0' },
}
const PORT = 'ca6c'

const ports = (ranges: boolean, elements: RulesetFacts['sets'][number]['elements']) => [
  { ...{ family: 'inet', table: 'filter', name: 'ports' }, ranges, elements },
]
const lookup = (verdicts = false, inverted = false): ExpressionFacts[] => [
  ...l4proto('11'),
  transport(2),
  { op: 'lookup', from: 0, set: 'ports', inverted, verdicts },
]
const drops: VerdictFacts = { kind: 'drop' }

const rows: readonly {
  name: string
  chains: readonly ChainFacts[]
  sets?: RulesetFacts['sets']
  packet?: Partial<Packet>
  want: string
}[] = [
  { name: 'nothing', chains: [], want: 'accept' },
  { name: 'a rule for its port', chains: [chain([[...udpTo(PORT), verdict('drop')]])], want: 'drop by 1' },
  { name: 'a rule for another port', chains: [chain([[...udpTo('0016'), verdict('drop')]])], want: 'accept' },
  { name: 'reject', chains: [chain([[...udpTo(PORT), { op: 'reject' }]])], want: 'drop by 1' },
  { name: 'a policy', chains: [chain([], { policy: 'drop' })], want: 'drop by policy' },
  {
    name: 'a policy with its port open',
    chains: [chain([[...udpTo(PORT), verdict('accept')]], { policy: 'drop' })],
    want: 'accept',
  },
  {
    name: 'a policy that lets answers in',
    chains: [chain([[...established, verdict('accept')]], { policy: 'drop' })],
    packet: { state: 'established' },
    want: 'accept',
  },
  {
    name: 'a policy that lets only answers in',
    chains: [chain([[...established, verdict('accept')]], { policy: 'drop' })],
    want: 'drop by policy',
  },
  {
    name: 'a rule for another link',
    chains: [chain([[...from('lo'), verdict('accept')]], { policy: 'drop' })],
    want: 'drop by policy',
  },
  {
    name: 'a limit that may be reached',
    chains: [chain([[limit, verdict('accept')]], { policy: 'drop' })],
    want: 'accept? by policy',
  },
  {
    name: 'a rule that nobody can read before the policy',
    chains: [chain([[limit, verdict('drop')]])],
    want: 'accept? by 1',
  },
  {
    name: 'a doubtful drop that another drop makes certain',
    chains: [chain([[limit, verdict('drop')], [verdict('drop')]])],
    want: 'drop by 2',
  },
  {
    name: 'a source that is not known',
    chains: [chain([[address(12, 4), is('c0000201'), verdict('drop')]])],
    packet: { source: undefined },
    want: 'accept? by 1',
  },
  {
    name: 'a source behind a prefix',
    chains: [
      chain([
        [
          address(12, 4),
          { op: 'bitwise', from: 0, into: 0, mask: 'ffffff00', xor: '00000000' },
          is('c0000200'),
          verdict('drop'),
        ],
      ]),
    ],
    want: 'drop by 1',
  },
  {
    name: 'a chain that is jumped to',
    chains: [chain([[jump('side')]]), side('side', [[...udpTo(PORT), verdict('drop')]])],
    want: 'drop by 10',
  },
  {
    name: 'a chain that returns',
    chains: [
      chain([[jump('side')], [verdict('drop')]]),
      side('side', [[verdict('return')], [verdict('accept')]]),
    ],
    want: 'drop by 2',
  },
  {
    name: 'a chain that is gone to, and does not come back',
    chains: [chain([[jump('side', 'goto')], [verdict('drop')]]), side('side', [])],
    want: 'accept',
  },
  {
    name: 'chains that jump in a circle',
    chains: [chain([[jump('side')]], { policy: 'drop' }), side('side', [[jump('side')]])],
    want: 'drop by policy',
  },
  {
    name: 'a program that decides',
    chains: [chain([[verdict('queue')]])],
    want: 'accept? by 1',
  },
  {
    name: 'a set with its port',
    chains: [chain([[...lookup(), verdict('drop')]])],
    sets: ports(false, [{ key: '0016' }, { key: PORT }]),
    want: 'drop by 1',
  },
  {
    name: 'a set without its port, negated',
    chains: [chain([[...lookup(false, true), verdict('drop')]])],
    sets: ports(false, [{ key: '0016' }]),
    want: 'drop by 1',
  },
  {
    name: 'a range around its port',
    chains: [chain([[...lookup(), verdict('drop')]])],
    sets: ports(true, [
      { key: 'ca77', ends: true },
      { key: 'ca6c' },
      { key: '0017', ends: true },
      { key: '0016' },
      { key: '0000', ends: true },
    ]),
    want: 'drop by 1',
  },
  {
    name: 'a range that ends before its port',
    chains: [chain([[...lookup(), verdict('drop')]])],
    sets: ports(true, [{ key: 'ca6c', ends: true }, { key: '0016' }, { key: '0000', ends: true }]),
    want: 'accept',
  },
  {
    name: 'a map of verdicts',
    chains: [chain([lookup(true)])],
    sets: ports(false, [{ key: PORT, verdict: drops }]),
    want: 'drop by 1',
  },
  {
    name: 'chains of other families and of translations',
    chains: [
      chain([[verdict('drop')]], { family: 'ip6' }),
      chain([[verdict('drop')]], { type: 'nat', hook: 1 }),
      chain([[verdict('drop')]], { hook: 2 }),
    ],
    want: 'accept',
  },
  {
    name: 'an accept that a later chain overrules',
    chains: [
      chain([[verdict('drop')]], { name: 'late', priority: 10 }),
      chain([[verdict('accept')]], { name: 'early', priority: -10 }),
    ],
    want: 'drop by 1',
  },
]

for (const { name: what, chains, sets = [], packet, want } of rows) {
  test(`judge(): ${what} → ${want}`, () => {
    const result = judge({ chains, sets }, { hooks: ['input'], packet: { ...PACKET, ...packet } })
    const by = result.by === undefined ? '' : ` by ${result.by.handle ?? 'policy'}`
    assert.equal(`${result.verdict}${result.certain ? '' : '?'}${by}`, want)
  })
}

test('rules are told as nft would print them', () => {
  assert.equal(formatRule([...udpTo(PORT), verdict('drop')]), 'udp dport 51820 drop')
  assert.equal(
    formatRule([...from('eth0'), address(12, 4), is('0a000001'), jump('side')]),
    'iifname "eth0" ip saddr 10.0.0.1 jump side',
  )
  assert.equal(formatRule([limit, { op: 'reject' }]), 'limit reject')
})

test('the place of a rule and the rule to put before it name its chain', () => {
  const ruleset = { chains: [chain([[...udpTo(PORT), verdict('drop')]])], sets: [] }
  const { by } = judge(ruleset, { hooks: ['input'], packet: PACKET })
  assert.ok(by)
  assert.equal(placeOf(by, ruleset), 'chain input of table inet filter says udp dport 51820 drop (handle 1)')
  assert.equal(openingFor(by, PACKET), 'nft insert rule inet filter input udp dport 51820 accept')
})
