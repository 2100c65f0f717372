/** What one NetlinkInterface may say, and what is said of each mistake: its line, its path, and what to do. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseObjects } from '../load.ts'

const object = (spec: string): string =>
  `apiVersion: warren.dev/v1alpha1\nkind: NetlinkInterface\nmetadata: { name: x }\nspec:\n${spec.replaceAll(/^/gm, '  ')}\n`

const rows: readonly { name: string; given: string; want: readonly string[] }[] = [
  {
    name: 'the least that can be said',
    given: 'node: a\ntype: dummy',
    want: [],
  },
  {
    name: 'a type that is not there, and a field that is called otherwise',
    given: 'node: a\ntype: bridges\nbridge: { slaves: [v1] }\nmut: 1400',
    want: [
      '6 InvalidValue spec.type | Did you mean bridge?',
      '7 UnknownField spec.bridge.slaves | The fields here: ports, vlanFiltering, vlanProtocol, stp, forwardDelay, helloTime, maxAge, ageingTime, priority, multicastSnooping, groupForwardMask.',
      '8 UnknownField spec.mut | Did you mean mtu?',
    ],
  },
  {
    name: 'the block that its type needs',
    given: 'node: a\ntype: vxlan\nmtu: 1',
    want: [
      '4 MissingField spec.vxlan | Say in `vxlan` what it is to be.',
      '7 InvalidValue spec.mtu | undefined',
    ],
  },
  {
    name: 'everything at once, each at its line',
    given: `node: a
type: vlan
interfaceName: too-long-for-a-link
hardwareAddress: 01:00:5e:00:00:01
addresses: [10.0.0.1/33]
routes:
- { to: 10.0.0.1/8, via: nowhere }
vlan:
  id: 4095
container: { docker: { name: "../x" }, netns: "a/b" }`,
    want: [
      '7 InvalidInterfaceName spec.interfaceName | Use 1 to 15 letters, digits and "_=+.@-", not beginning with "-", and neither "all" nor "default".',
      '8 InvalidHardwareAddress spec.hardwareAddress | Make its first octet even, as in 02.',
      '9 InvalidAddress spec.addresses[0] | Write 10.0.0.7, 10.0.0.7/24 or fd00:10::7.',
      '11 HostBitsSet spec.routes[0].to | Write 10.0.0.0/8.',
      '11 InvalidAddress spec.routes[0].via | Write 10.0.0.7 or fd00:10::7, without a length.',
      '12 MissingField spec.vlan.link | undefined',
      '13 InvalidValue spec.vlan.id | undefined',
      '14 InvalidValue spec.container.docker.name | undefined',
      '14 InvalidValue spec.container.netns | Write /run/netns/blue, or blue for the same.',
    ],
  },
  {
    name: 'a bridge keeps hundredths of seconds and no less',
    given: 'node: a\ntype: bridge\nbridge: { forwardDelay: 2.005, ageingTime: 300.01, helloTime: 11 }',
    want: [
      '7 InvalidValue spec.bridge.forwardDelay | undefined',
      '7 InvalidValue spec.bridge.helloTime | undefined',
    ],
  },
]

for (const { name, given, want } of rows) {
  test(`NetlinkInterface: ${name}`, () => {
    const { problems } = parseObjects(object(given), { file: 'x.yaml' })
    const lines = problems.map(
      ({ code, path, hint, at }) =>
        `${at?.line} ${code} ${path.replace('NetlinkInterface/x ', '')} | ${hint}`,
    )
    assert.deepEqual(lines, want)
  })
}

test('NetlinkInterface: what is left of a damaged one is looked at, unless its name or its place is in doubt', () => {
  const left = (spec: string) =>
    parseObjects(object(`node: a\ntype: dummy\n${spec}`), { file: 'x.yaml' }).damaged
  assert.equal(left('mtu: 1\nup: false').length, 1)
  assert.equal(left('addresses: [x]\nup: false').length, 1)
  assert.deepEqual(left('interfaceName: "a b"'), [])
  assert.deepEqual(left('container: { pid: 0 }'), [])
})

test('NetlinkInterface: where a map belongs, the message says what may stand in it', () => {
  const text =
    'apiVersion: warren.dev/v1alpha1\nkind: NetlinkInterface\nmetadata: { name: x }\nspec:\n  node: a\n  type: dummy\n  container: { docker: web }\n'
  const [problem] = parseObjects(text, { file: 'x' }).problems
  assert.equal(problem?.message, 'expected a map, got a string')
  assert.equal(problem.hint, 'The fields here: name.')
})
