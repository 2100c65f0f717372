/**
 * The shape of the house as data: which area may import which, what the pure areas may not touch, and what no folder
 * may be called. ARCHITECTURE.md draws the same arrows; here they are enforced, on the source text.
 */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { areaOf, importsOf, isEntry, sourceFiles, withoutComments } from './harness/source-files.ts'

/** From an area to those it may import, always through an index.ts. An area may import itself freely. */
const ALLOWED: Readonly<Record<string, readonly string[]>> = {
  model: [],
  plan: ['model'],
  reconcile: ['model'],
  diagnosis: ['model', 'plan', 'reconcile'],
  'protocols/wireguard': ['model'],
  linux: [],
  streams: [],
  'protocols/packet-memory': [],
  'protocols/addresses': [],
  'protocols/tcpip': ['streams', 'protocols/packet-memory', 'protocols/addresses'],
  'protocols/http': [],
  'protocols/dns': ['protocols/addresses'],
  datagrams: ['protocols/packet-memory', 'protocols/wireguard', 'linux'],
  device: ['protocols/packet-memory', 'protocols/wireguard', 'datagrams', 'linux', 'model'],
  sockets: ['streams', 'linux'],
  tunnel: [
    ...['model', 'streams', 'protocols/packet-memory', 'protocols/wireguard', 'protocols/tcpip'],
    ...['protocols/dns', 'datagrams', 'linux', 'sockets'],
  ],
  proxy: ['model', 'streams', 'sockets', 'tunnel', 'protocols/http', 'protocols/wireguard', 'linux'],
  sources: ['model'],
  containers: ['model'],
  agent: ['model', 'plan', 'reconcile', 'protocols/wireguard', 'linux', 'device', 'sources', 'containers'],
  lab: ['model', 'plan', 'protocols/wireguard', 'linux'],
  programs: [
    ...['model', 'plan', 'reconcile', 'diagnosis', 'protocols/wireguard', 'linux'],
    ...['device', 'agent', 'sources', 'containers', 'lab', 'proxy', 'tunnel', 'sockets', 'streams'],
  ],
}

/** npm packages, by the areas that may use them. */
const PACKAGES: Readonly<Record<string, readonly string[]>> = {
  koffi: ['linux'],
  zod: ['model', 'agent', 'proxy'],
  yaml: ['model', 'programs', 'agent', 'proxy'],
  '@bufbuild/protobuf': ['containers'],
  '@noble/hashes': ['model', 'plan', 'protocols/wireguard'],
  commander: ['programs'],
  uqr: ['programs'],
}

const PURE = [
  ...['model', 'plan', 'reconcile', 'diagnosis', 'streams'],
  ...['protocols/wireguard', 'protocols/packet-memory', 'protocols/addresses', 'protocols/tcpip'],
  ...['protocols/http', 'protocols/dns'],
]
/** The one file in a pure area that wraps node:crypto. */
const EXEMPT_FROM_PURITY = ['src/protocols/wireguard/crypto.ts']
/** Time, randomness, output and scheduling come in as arguments. */
const IMPURE_WORDS = [
  /\bDate\.now\b/,
  /\bnew Date\(\s*\)/,
  /\bMath\.random\b/,
  /\bperformance\.now\b/,
  /\bconsole\s*\./,
  /\bprocess\s*\./,
  /\bset(Timeout|Interval|Immediate)\s*\(/,
]
const FORBIDDEN_NAMES = /^(utils?|helpers?|common|managers?|misc)(\.ts)?$/i

const files = sourceFiles(['src', 'test', 'scripts', 'bench'])
const production = files.filter((file) => file.startsWith('src/') && !file.endsWith('.test.ts'))
const importsByFile = new Map(production.map((file) => [file, importsOf(file)]))
const crossings = production.flatMap((file) => importsIn(file).map((target) => ({ file, ...target })))

test('every file of src/ belongs to an area that the table knows', () => {
  assert.deepEqual(
    refuse(production, (file) => !(areaOf(file) in ALLOWED)),
    [],
  )
})

test('an area imports only the areas it may', () => {
  const wrong = crossings.filter(({ file, path }) => {
    const [from, to] = [areaOf(file), path === undefined ? undefined : areaOf(path)]
    return to !== undefined && from !== to && !(ALLOWED[from] ?? []).includes(to)
  })
  assert.deepEqual(wrong.map(describe), [])
})

test('an area is entered only through an index.ts', () => {
  const wrong = crossings.filter(
    ({ file, path }) => path !== undefined && areaOf(file) !== areaOf(path) && !isEntry(path),
  )
  assert.deepEqual(wrong.map(describe), [])
})

test('the allowed pairs make no circle', () => {
  const reach = (area: string, seen = new Set<string>()): ReadonlySet<string> => {
    for (const to of ALLOWED[area] ?? []) if (!seen.has(to)) reach(to, seen.add(to))
    return seen
  }
  const areas = Object.keys(ALLOWED)
  assert.deepEqual(
    areas.filter((area) => reach(area).has(area)),
    [],
  )
})

test('npm packages are used only where the table allows them', () => {
  const wrong = crossings.filter(
    ({ file, npm }) => npm !== undefined && !(PACKAGES[npm] ?? []).includes(areaOf(file)),
  )
  assert.deepEqual(wrong.map(describe), [])
})

test('pure areas import nothing from Node, save the one file that wraps node:crypto', () => {
  const wrong = crossings.filter(({ file, node }) => node !== undefined && isPure(file))
  assert.deepEqual(wrong.map(describe), [])
})

test('pure areas have no clock, no randomness and no output of their own', () => {
  const wrong = production.filter(isPure).flatMap((file) => {
    const text = withoutComments(readFileSync(file, 'utf8'))
    return IMPURE_WORDS.flatMap((word) => (word.test(text) ? [`${file}: ${word.exec(text)?.[0]}`] : []))
  })
  assert.deepEqual(wrong, [])
})

test('no file or folder is called utils, helpers, common, manager or misc', () => {
  const wrong = refuse(files, (file) => file.split('/').some((part) => FORBIDDEN_NAMES.test(part)))
  assert.deepEqual(wrong, [])
})

test('files and folders have kebab-case names', () => {
  const kebab = /^[a-z0-9]+(-[a-z0-9]+)*(\.(test|property|property\.test|bench))?(\.ts)?$/
  const wrong = refuse(files, (file) => file.split('/').some((part) => !kebab.test(part)))
  assert.deepEqual(wrong, [])
})

test('every source file begins with a header that says what it is', () => {
  const wrong = refuse(files, (file) => !/^(#!.*\n)?\/\*\*?[\s*]/.test(readFileSync(file, 'utf8')))
  assert.deepEqual(wrong, [])
})

function importsIn(file: string) {
  return importsByFile.get(file) ?? []
}

function isPure(file: string): boolean {
  return PURE.includes(areaOf(file)) && !EXEMPT_FROM_PURITY.includes(file)
}

function refuse(from: readonly string[], isWrong: (file: string) => boolean): string[] {
  return from.filter(isWrong)
}

function describe({ file, specifier }: { file: string; specifier: string }): string {
  return `${file} imports ${specifier}`
}
