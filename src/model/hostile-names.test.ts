/** Names end up in commands, files and sysctls: none that a schema takes means anything else there. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { withPublicKey } from './allocations.ts'
import { container, linkName } from './kinds/fields.ts'
import { parseAllocations } from './load-allocations.ts'

test('an interface name is nothing to the kernel, a shell or an option parser but a name', () => {
  for (const name of [
    'wg0',
    'wg-a.b',
    'wg_1',
    'wg+=1',
    'vlan@eth0',
    '0',
    'al',
    'defaults',
    'a23456789012345',
  ])
    assert.ok(linkName.safeParse(name).success, name)
  for (const name of [
    ...[
      'all',
      'default',
      'wg%d',
      '-rf',
      '.',
      '..',
      '',
      'a234567890123456',
      'a/b',
      'a:b',
      'a b',
      'a\nb',
      'wg\u00e9',
    ],
    ...['$(id)', '`id`', 'a;b', 'a|b', 'a&b', "a'b", 'a"b', 'a\\b', 'a>b', 'a*', 'a{b}', '#a', '~', '!a'],
  ])
    assert.ok(!linkName.safeParse(name).success, name)
})

test('the path of a namespace has no way around a bound like /run/netns/*, and steers no terminal', () => {
  for (const netns of ['blue', '/run/netns/blue', '/run/netns/..blue', '/run/netns/b.', '/proc/42/ns/net'])
    assert.ok(container.safeParse({ netns }).success, netns)
  for (const netns of [
    ...['/run/netns/../../proc/42/ns/net', '/run/netns/./blue', '/run/netns/..', '/..', '/run/netns/a\nb'],
    ...['/run/netns/\u001b]0;x\u0007', '/run/netns/\u009b1m', '/run/netns/\u202eeulb', '..', 'a/b'],
  ])
    assert.ok(!container.safeParse({ netns }).success, JSON.stringify(netns))
})

const lockWith = (network: string, node: string): string => `
apiVersion: warren.dev/v1alpha1
kind: Allocations
networks:
  ${JSON.stringify(network)}:
    nodes:
      ${JSON.stringify(node)}: { addresses: [10.0.0.1], interfaces: [] }
`

test('a lock names nodes and networks as a plan may', () => {
  assert.deepEqual(parseAllocations(lockWith('default/home', 'a.example'), { file: 'l' }).problems, [])
  for (const [network, node] of [
    ['default/home', '-oProxyCommand=id'],
    ['default/home', 'a b'],
    ['default/home', '../a'],
    ['default/home', '$(id)'],
    ['../home', 'a'],
    ['default/home/x', 'a'],
    ['home', 'a'],
    ['-x/home', 'a'],
  ] as const) {
    const { problems, allocations } = parseAllocations(lockWith(network, node), { file: 'l' })
    assert.equal(problems.length, 1, `${network} ${node}`)
    assert.deepEqual(allocations, { networks: {} })
  }
})

test('__proto__ in a lock is nothing at all', () => {
  const { allocations } = parseAllocations(lockWith('default/home', '__proto__'), { file: 'l' })
  assert.deepEqual(Object.keys(allocations.networks['default/home']?.nodes ?? { none: 0 }), [])
  assert.equal(Object.hasOwn(Object.prototype, 'addresses'), false)
})

test('a node may be called constructor', () => {
  const key = { network: 'default/home', node: 'constructor', publicKey: 'k' }
  const { networks } = withPublicKey({ networks: { 'default/home': { nodes: {} } } }, key)
  assert.deepEqual(networks['default/home']?.nodes, {
    constructor: { addresses: [], interfaces: [], publicKey: 'k' },
  })
})
