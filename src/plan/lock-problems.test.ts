/** A lock that cannot be true is named as such and not repaired behind the user's back. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { formatProblems, planOf } from './fixture.ts'

const rows: readonly { name: string; given: string; lock: string; want: readonly string[] }[] = [
  {
    name: 'a lock that contradicts the plan',
    given: `
cidrs: [10.0.0.0/24]
portRange: { start: 100, end: 200 }
nodes:
- { name: a, endpoint: 192.0.2.1, addresses: [10.0.0.9] }
- { name: b, endpoint: 192.0.2.2 }
- { name: c, endpoint: 192.0.2.3 }
- { name: d, endpoint: 192.0.2.4 }`,
    lock: `
b: { addresses: [10.0.0.9] }
c: { addresses: [10.7.0.1], interfaces: [{ name: wg-net, listenPort: 99 }] }
d: { addresses: [10.0.0.8] }
gone: { addresses: [10.7.7.7] }`,
    want: [
      'LockContradiction lock default/net b: the lock gave 10.0.0.9 to b, and the plan now gives it to a',
      'LockContradiction lock default/net c: in the lock, for c: the port 99 is outside of the range 100 to 200',
      "LockContradiction lock default/net c: the lock gives c the address 10.7.0.1, which is in none of the network's CIDRs",
    ],
  },
  {
    name: 'a lock that gives one thing to two nodes',
    given: `
cidrs: [10.0.0.0/24]
nodes: [{ name: a, endpoint: 192.0.2.1 }, { name: b, endpoint: 192.0.2.2 }]`,
    lock: 'a: { addresses: [10.0.0.9] }\nb: { addresses: [10.0.0.9] }',
    want: ['LockContradiction lock default/net b: the lock gives 10.0.0.9 to both a and b'],
  },
  {
    name: 'a lock with one port for two links',
    given: `
nodes: [{ name: a, endpoint: 192.0.2.1 }, { name: b }, { name: c }]
links: [{ ends: [{ node: a }, { node: b }] }, { ends: [{ node: a }, { node: c }] }]`,
    lock: 'a: { interfaces: [{ link: b-0, name: x, listenPort: 51820 }, { link: c-0, name: x, listenPort: 51820 }] }',
    want: [
      'LockContradiction lock default/net a: in the lock, for a c-0: the name x is taken by another interface',
      'LockContradiction lock default/net a: in the lock, for a c-0: the port 51820 is taken by another interface',
    ],
  },
]

for (const { name, given, lock, want } of rows) {
  test(`plan() lists ${name}`, () => {
    const result = planOf(given, { lock })
    assert.deepEqual(formatProblems(result), want)
    assert.equal(result.intents.size, 0)
  })
}

test('GC-04 what is written in the plan wins over the lock, and nobody else moves', () => {
  const given = (b: string): string => `
cidrs: [10.0.0.0/24]
nodes: [{ name: a, endpoint: 192.0.2.1 }, { name: b, endpoint: 192.0.2.2${b} }, { name: c, endpoint: 192.0.2.3 }]`
  const lock = 'b: { addresses: [10.0.0.7] }\nc: { addresses: [10.0.0.9] }'
  const addressesOf = (text: string) => {
    const { allocations, problems } = planOf(text, { lock })
    assert.deepEqual(problems, [])
    return Object.values(allocations.networks['default/net']?.nodes ?? {}).flatMap(
      ({ addresses }) => addresses,
    )
  }
  assert.deepEqual(addressesOf(given('')), ['10.0.0.1', '10.0.0.7', '10.0.0.9'])
  assert.deepEqual(addressesOf(given(', addresses: [10.0.0.8]')), ['10.0.0.1', '10.0.0.8', '10.0.0.9'])
})

const sizes: readonly { cidr: string; nodes: number; want: readonly string[] | string }[] = [
  { cidr: '10.0.0.0/30', nodes: 2, want: ['10.0.0.1', '10.0.0.2'] },
  { cidr: '10.0.0.0/31', nodes: 2, want: ['10.0.0.0', '10.0.0.1'] },
  { cidr: '10.0.0.9/32', nodes: 1, want: ['10.0.0.9'] },
  { cidr: '10.0.0.9/32', nodes: 2, want: 'CidrExhausted' },
  { cidr: 'fd00::/126', nodes: 3, want: ['fd00::1', 'fd00::2', 'fd00::3'] },
  { cidr: 'fd00::/126', nodes: 4, want: 'CidrExhausted' },
  { cidr: 'fd00::7/128', nodes: 1, want: ['fd00::7'] },
  { cidr: '10.0.0.0/7', nodes: 2, want: ['10.0.0.1', '10.0.0.2'] },
  { cidr: 'fc00::/7', nodes: 1, want: ['fc00::1'] },
]

for (const { cidr, nodes, want } of sizes) {
  test(`BS-01 ${cidr} for ${nodes} nodes gives ${typeof want === 'string' ? want : want.join(' ')}`, () => {
    const { allocations, problems } = planOf(
      `cidrs: ["${cidr}"]\nnodeGroups: [{ names: "n{n}", from: 1, to: ${nodes}, endpoint: "n{n}.example" }]`,
    )
    const given = Object.values(allocations.networks['default/net']?.nodes ?? {}).flatMap(
      ({ addresses }) => addresses,
    )
    if (typeof want === 'string')
      assert.deepEqual(
        problems.map(({ code }) => code),
        [want],
      )
    else assert.deepEqual(given, want)
  })
}

test('a warning is said and stops nothing', () => {
  const given = `
cidrs: [10.0.0.0/24]
hubs: [h]
nodes: [{ name: h, endpoint: 192.0.2.1, site: s }, { name: a, site: s }, { name: b, site: s }, { name: c, site: t }]`
  const result = planOf(given)
  assert.deepEqual(formatProblems(result), [
    'SiteWithoutLocalEndpoint WireGuardNetworkPlan/net spec.nodes[1]: a and b share the site s, and neither has a localEndpoint: they talk through the hub',
  ])
  assert.equal(result.problems[0]?.severity, 'warning')
  assert.equal(result.intents.size, 4)
  assert.deepEqual(planOf(`${given}\ndirectPeering: None`).problems, [])
})
