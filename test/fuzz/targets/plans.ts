/** A user's files: plans and locks. Any text gives objects or problems; what is right formats to the same again. */
import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { formatAllocations, formatObjects, parseAllocations, parseObjects } from '../../../src/model/index.ts'
import type { FuzzTarget } from '../target.ts'

const FILE = { file: 'fuzz.yaml' }
const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes)

const YAML_WORDS = [
  ...[
    '---\n',
    '- ',
    ': ',
    '&a ',
    '*a',
    '<<: ',
    '|\n',
    '>\n',
    '"',
    "'",
    '{',
    '}',
    '[',
    ']',
    '#',
    '? ',
    '!!map ',
  ],
  ...[
    'null',
    '~',
    'true',
    '.nan',
    '0x10',
    '1e999',
    '\n  ',
    '\n',
    '\t',
    '%YAML 1.1\n',
    '__proto__: ',
    'constructor: ',
  ],
]
const PLAN_WORDS = [
  ...[
    'apiVersion: warren.dev/v1alpha1\n',
    'kind: WireGuardNetworkPlan\n',
    'metadata: { name: a }\n',
    'spec:\n',
  ],
  ...['cidrs: [10.0.0.0/8]', 'topology: Mesh', 'hubs: [a]', 'nodes:', 'links:', 'endpoint: "h:1"', 'name: a'],
  ...[
    'addresses: [10.0.0.1]',
    'listenPort: 70000',
    'mtu: 1',
    'site: x',
    '"::/0"',
    '0.0.0.0/0',
    'kind: WireGuardPeer\n',
  ],
  ...[
    'kind: NetlinkInterface\n',
    'node: a',
    'type: vxlan',
    'vxlan: { vni: 1, remote: 10.0.0.1 }',
    'veth: { peer: { container: { netns: x } } }',
    'container: { docker: { name: x } }',
  ],
]
const LOCK_WORDS = [
  ...[
    'apiVersion: warren.dev/v1alpha1\nkind: Allocations\n',
    'networks:\n',
    'nodes: ',
    'interfaces: []',
    'publicKey: ',
  ],
  ...['addresses: [10.0.0.1]', '{ name: wg0, listenPort: 51820 }', `${'A'.repeat(43)}=`],
]

export const planTargets: readonly FuzzTarget[] = [
  {
    name: 'plan-yaml',
    kind: 'text',
    dictionary: [...YAML_WORDS, ...PLAN_WORDS],
    seeds: examples,
    run(input) {
      const { objects, problems } = silently(() => parseObjects(text(input), FILE))
      if (problems.length > 0) return problems[0]!.code
      const again = parseObjects(formatObjects(objects), FILE)
      assert.deepEqual(again.problems, [])
      assert.deepEqual(again.objects.map(bare), objects.map(bare))
      return `right: ${objects.map((object) => object.kind).join(' ')}`
    },
  },
  {
    name: 'lock-yaml',
    kind: 'text',
    dictionary: [...YAML_WORDS, ...LOCK_WORDS],
    run(input) {
      const { allocations, problems } = silently(() => parseAllocations(text(input), FILE))
      if (problems.length > 0) return problems[0]!.code
      const formatted = formatAllocations(allocations)
      const again = parseAllocations(formatted, FILE)
      assert.deepEqual(again.problems, [])
      assert.equal(formatAllocations(again.allocations), formatted)
      return `right: ${Object.keys(allocations.networks).length}`
    },
  },
]

/** A parser that warns by itself would print what may be a secret. */
function silently<T>(parse: () => T): T {
  const emitWarning = process.emitWarning.bind(process)
  process.emitWarning = (warning: string | Error) => assert.fail(`the parser warns: ${String(warning)}`)
  try {
    return parse()
  } finally {
    process.emitWarning = emitWarning
  }
}

function examples(): Uint8Array[] {
  const folder = new URL('../../../examples/', import.meta.url)
  return readdirSync(folder)
    .filter((name) => name.endsWith('.yaml'))
    .map((name) => Uint8Array.from(readFileSync(new URL(name, folder))))
}

/** Secrets print as `[redacted]`, so the comparison is of what they reveal. */
const bare = (object: ReturnType<typeof parseObjects>['objects'][number]): string => formatObjects([object])
