/** Every problem of a text is listed with its place and a hint, and no text throws. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { formatObjects } from './format.ts'
import { KINDS } from './kinds/index.ts'
import { parseAllocations } from './load-allocations.ts'
import { parseObjects, validateObject } from './load.ts'
import type { Problem } from './problem.ts'

const plan = (spec: string, head = 'metadata: { name: home }'): string =>
  `apiVersion: warren.dev/v1alpha1\nkind: WireGuardNetworkPlan\n${head}\nspec:\n${spec.replaceAll(/^/gm, '  ')}\n`

const line = ({ code, path, message, hint, at }: Problem): string =>
  `${at?.line}:${at?.column} ${code} ${path}: ${message}${hint === undefined ? '' : ` | ${hint}`}`

const rows: readonly { name: string; given: string; want: readonly string[] }[] = [
  { name: 'an empty text is no objects', given: '# nothing\n', want: [] },
  {
    name: 'unknown fields, with what was meant',
    given: plan('toplogy: Mesh\nnodes:\n- { name: a, endpiont: "a:1", Site: x, underlay: {} }'),
    want: [
      '5:3 UnknownField WireGuardNetworkPlan/home spec.toplogy: unknown field "toplogy" | Did you mean topology?',
      '7:16 UnknownField WireGuardNetworkPlan/home spec.nodes[0].endpiont: unknown field "endpiont" | Did you mean endpoint?',
      '7:33 UnknownField WireGuardNetworkPlan/home spec.nodes[0].Site: unknown field "Site" | Did you mean site?',
      '7:42 UnknownField WireGuardNetworkPlan/home spec.nodes[0].underlay: unknown field "underlay" | Remove it; docs/reference/kinds.md lists the fields.',
    ],
  },
  {
    name: 'wrong types, missing fields and values out of range',
    given: plan(
      'cidrs: 10.0.0.0/24\ntopology: Mehs\nnodes: [{ labels: { a: 1 } }, 7, null]\ninterface: { listenPort: 70000, mtu: 1.5 }',
    ),
    want: [
      '5:3 WrongType WireGuardNetworkPlan/home spec.cidrs: expected a list, got a string',
      '6:3 InvalidValue WireGuardNetworkPlan/home spec.topology: expected Mesh or HubAndSpoke or Links | Did you mean Mesh?',
      '7:11 MissingField WireGuardNetworkPlan/home spec.nodes[0].name: missing: expected a string',
      '7:23 WrongType WireGuardNetworkPlan/home spec.nodes[0].labels.a: expected a string, got a number | Put it in quotes.',
      '7:33 WrongType WireGuardNetworkPlan/home spec.nodes[1]: expected a map, got a number',
      '7:36 WrongType WireGuardNetworkPlan/home spec.nodes[2]: expected a map, got an empty value',
      '8:16 InvalidValue WireGuardNetworkPlan/home spec.interface.listenPort: expected a number of 65535 or less',
      '8:35 WrongType WireGuardNetworkPlan/home spec.interface.mtu: expected a whole number, got a fraction',
    ],
  },
  {
    name: 'prefixes, addresses, endpoints and names',
    given: plan(
      'cidrs: [10.0.0.1/24, 10.0.0.0, "fd00::/129"]\nnodes:\n- { name: Bad_Name, endpoint: "a:0", addresses: [10.0.0.300, { local: x }], interface: { name: wg-much-too-long } }',
    ),
    want: [
      '5:11 HostBitsSet WireGuardNetworkPlan/home spec.cidrs[0]: bits are set behind the length | Write 10.0.0.0/24.',
      '5:24 InvalidCidr WireGuardNetworkPlan/home spec.cidrs[1]: a network prefix needs a length | Write 10.0.0.0/32 for this one host.',
      '5:34 InvalidCidr WireGuardNetworkPlan/home spec.cidrs[2]: not a network prefix | Write it as 10.0.0.0/24 or fd00:10::/64.',
      '7:7 InvalidName WireGuardNetworkPlan/home spec.nodes[0].name: not a name | Use lower-case letters, digits, "-" and ".", starting and ending with a letter or digit.',
      '7:23 InvalidEndpoint WireGuardNetworkPlan/home spec.nodes[0].endpoint: not an endpoint | Write host:port, as in hub.example.net:51820, 203.0.113.7:51820 or [2001:db8::7]:51820.',
      '7:52 InvalidAddress WireGuardNetworkPlan/home spec.nodes[0].addresses[0]: not an address | Write 10.0.0.7, 10.0.0.7/24 or fd00:10::7.',
      '7:66 InvalidAddress WireGuardNetworkPlan/home spec.nodes[0].addresses[1].local: not an address | Write 10.4.0.1 or fe80::1.',
      '7:92 InvalidInterfaceName WireGuardNetworkPlan/home spec.nodes[0].interface.name: not an interface name | Use 1 to 15 letters, digits and "_=+.@-", not beginning with "-", and neither "all" nor "default".',
    ],
  },
  {
    name: 'GC-02 keys that are empty or of the wrong length, without showing them',
    given: plan('nodes: [{ name: a, privateKey: "" }, { name: b, privateKey: c2hvcnQ= }]'),
    want: [
      '5:22 InvalidKey WireGuardNetworkPlan/home spec.nodes[0].privateKey: not a key | A key is 44 characters of base64, as `wg genkey` and `wg pubkey` print it.',
      '5:51 InvalidKey WireGuardNetworkPlan/home spec.nodes[1].privateKey: not a key | A key is 44 characters of base64, as `wg genkey` and `wg pubkey` print it.',
    ],
  },
  {
    name: 'documents that are no object or of an unknown kind',
    given:
      '[1]\n---\njust text\n---\nkind: Deployment\n---\nkind: WireguardNetworkPlan\n---\nkind: Allocations\n---\n{ kind: 7 }\n---\nkind: ODyTjMvoLv5lLk2vXfQXQYjXGiJ5fMGi2jTO3VtFtVU=\n',
    want: [
      '1:1 UnknownKind x.yaml: the document is not an object | Start it with apiVersion and kind: WireGuardNetworkPlan, WireGuardPeer, WireGuardInterface, NetlinkInterface, Secret.',
      '3:1 UnknownKind x.yaml: the document is not an object | Start it with apiVersion and kind: WireGuardNetworkPlan, WireGuardPeer, WireGuardInterface, NetlinkInterface, Secret.',
      '5:1 UnknownKind x.yaml: unknown kind Deployment | Use one of WireGuardNetworkPlan, WireGuardPeer, WireGuardInterface, NetlinkInterface, Secret.',
      '7:1 UnknownKind x.yaml: unknown kind WireguardNetworkPlan | Did you mean WireGuardNetworkPlan?',
      '9:1 UnknownKind x.yaml: a lock file stands where objects are expected | Name it like its plan, ending in .lock.yaml.',
      '11:3 UnknownKind x.yaml: the document has no kind | Add one of WireGuardNetworkPlan, WireGuardPeer, WireGuardInterface, NetlinkInterface, Secret.',
      '13:1 UnknownKind x.yaml: unknown kind | Use one of WireGuardNetworkPlan, WireGuardPeer, WireGuardInterface, NetlinkInterface, Secret.',
    ],
  },
  {
    name: 'repeated keys',
    given: plan('nodes: []\nnodes: []'),
    want: ['6:3 InvalidYaml x.yaml: Map keys must be unique | Keep one of the two.'],
  },
  {
    name: 'a NUL byte',
    given: 'a: 1\nb: \0\n',
    want: ['2:4 InvalidYaml x.yaml: the text contains a NUL byte | Check that it is a text file in UTF-8.'],
  },
  {
    name: 'aliases that expand without end',
    given: `a: &a [1,1]\n${Array.from({ length: 9 }, (_, n) => `${'bcdefghij'[n]}: &${'bcdefghij'[n]} [*${'abcdefghi'[n]},*${'abcdefghi'[n]},*${'abcdefghi'[n]}]`).join('\n')}\n`,
    want: ['1:1 InvalidYaml x.yaml: aliases expand to too much, or to nothing | Write the values out.'],
  },
  {
    name: 'an alias to nothing',
    given: 'a: *b\n',
    want: ['1:1 InvalidYaml x.yaml: aliases expand to too much, or to nothing | Write the values out.'],
  },
  { name: 'an unknown tag', given: 'a: !!secret x\n', want: ['1:4 InvalidYaml x.yaml: Unresolved tag'] },
  {
    name: 'another version of the API',
    given: plan('nodes: []').replace('v1alpha1', 'v2'),
    want: ['1:1 InvalidValue WireGuardNetworkPlan/home apiVersion: expected warren.dev/v1alpha1'],
  },
]

for (const { name, given, want } of rows) {
  test(`parseObjects() lists ${name}`, () => {
    assert.deepEqual(parseObjects(given, { file: 'x.yaml' }).problems.map(line), want)
  })
}

test('parseObjects() refuses more than 16 MiB and more than 400,000 items before it parses them', () => {
  const codeOf = (text: string) => parseObjects(text, { file: 'big.yaml' }).problems.map(({ code }) => code)
  assert.deepEqual(codeOf('#'.repeat(16 * 1024 * 1024 + 1)), ['FileTooLarge'])
  assert.deepEqual(codeOf('- a\n'.repeat(400_001)), ['FileTooLarge'])
})

test('parseObjects() does not print without end, and survives deep nesting', () => {
  const { problems } = parseObjects('['.repeat(20_000), { file: 'deep.yaml' })
  assert.ok(problems.length <= 101)
  const many = parseObjects(plan(`nodes: [${'7,'.repeat(500)}]`), { file: 'many.yaml' }).problems
  assert.equal(many.length, 101)
  assert.equal(many.at(-1)?.code, 'TooManyProblems')
})

test('parseObjects() never throws, whatever the text', () => {
  const pieces = fc.constantFrom(
    ...[
      'kind: ',
      'WireGuardNetworkPlan',
      '\n',
      '  ',
      '- ',
      '{',
      '}',
      '[',
      ']',
      ': ',
      'spec',
      '&a',
      '*a',
      '"',
      "'",
      '|',
      '>',
      '!!',
      '---\n',
      '\t',
      '%YAML',
      '?',
      '\u{feff}',
      '\ud800',
      'nodes',
      'metadata',
      '<<',
      '#',
      '0x1',
      'null',
    ],
  )
  fc.assert(
    fc.property(fc.array(pieces, { maxLength: 40 }), (parts) => {
      const { objects, problems } = parseObjects(parts.join(''), { file: 'x.yaml' })
      assert.ok(Array.isArray(objects) && problems.every(({ message }) => message.length < 500))
    }),
    { numRuns: 500 },
  )
})

test('a value that came by an API is validated like a text', () => {
  fc.assert(
    fc.property(fc.anything(), fc.anything(), (spec, metadata) => {
      for (const kind of Object.keys(KINDS)) {
        const { objects, problems } = validateObject(
          { apiVersion: 'warren.dev/v1alpha1', kind, metadata, spec },
          { file: 'api' },
        )
        assert.equal(objects.length === 0, problems.length > 0)
      }
    }),
  )
})

test('objects that are written and read again are the same', () => {
  const text = plan(
    'cidrs: [10.0.0.0/24]\nnodes: [{ name: a, endpoint: "a:1", privateKey: CQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQk= }]',
  )
  const first = parseObjects(text, { file: 'x' })
  const written = formatObjects(first.objects)
  assert.match(written, /CQkJ/)
  assert.equal(formatObjects(parseObjects(written, { file: 'x' }).objects), written)
})

const LOCK = 'apiVersion: warren.dev/v1alpha1\nkind: Allocations\n'

const locks: readonly { name: string; given: string; want: readonly string[] }[] = [
  { name: 'nothing about an empty lock', given: '', want: [] },
  {
    name: 'addresses, keys, ports and fields that are wrong',
    given: `${LOCK}networks:\n  default/home:\n    nodes:\n      a: { addresses: [10.0.0.1/24], publicKey: abc, interfaces: [{ name: wg0, listenPort: 0 }], prot: 1 }\n`,
    want: [
      '6:24 InvalidAddress l.yaml networks["default/home"].nodes.a.addresses[0]: not an address | Write 10.0.0.7 or fd00:10::7, without a length.',
      '6:38 InvalidKey l.yaml networks["default/home"].nodes.a.publicKey: not a key | A key is 44 characters of base64, as `wg genkey` and `wg pubkey` print it.',
      '6:80 InvalidValue l.yaml networks["default/home"].nodes.a.interfaces[0].listenPort: expected a number of 1 or more',
      '6:98 UnknownField l.yaml networks["default/home"].nodes.a.prot: unknown field "prot" | The fields here: addresses, publicKey, interfaces.',
    ],
  },
  {
    name: 'a plan in its place, and two documents',
    given: `${LOCK}---\n${LOCK}`,
    want: ['undefined:undefined InvalidAllocations l.yaml: a lock file is one document, this one has 2'],
  },
  {
    name: 'a plan in its place',
    given: plan('nodes: []'),
    want: [
      '2:1 InvalidValue l.yaml kind: expected Allocations',
      '3:1 UnknownField l.yaml metadata: unknown field "metadata" | The fields here: apiVersion, kind, networks.',
      '4:1 UnknownField l.yaml spec: unknown field "spec" | The fields here: apiVersion, kind, networks.',
    ],
  },
]

for (const { name, given, want } of locks) {
  test(`parseAllocations() lists ${name}`, () => {
    assert.deepEqual(parseAllocations(given, { file: 'l.yaml' }).problems.map(line), want)
  })
}
