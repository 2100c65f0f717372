/** Bad input: every problem at once with its place, exit code 2, and nothing written anywhere. */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'

import { filesBelow, runWarren, temporaryDirectory } from './run-warren.ts'

const KEY = 'yAnz5TF+lXXJte14tji3zlMNq+hd2rYUIgJBgB3fBmk='

const PLAN = `apiVersion: warren.dev/v1alpha1
kind: WireGuardNetworkPlan
metadata: { name: home }
spec:
  cidrs: [10.0.0.0/24]
  hubs: [hub]
  nodes:
  - { name: hub, endpoint: "hub.example.net:51820" }
  - { name: a }
`

/** Every command that reads plans, as one would call it. */
const COMMANDS: readonly (readonly string[])[] = [
  ['validate'],
  ['plan', '--write'],
  ['diff'],
  ['graph'],
  ['generate', '--out', 'out', '--write'],
  ['eject', '--out', 'out'],
  ['keys', '--via', 'touch called-{node}'],
  ['push', '--yes', '--via', 'touch called-{node}'],
]

async function refusedByAll(t: TestContext, files: Readonly<Record<string, string>>): Promise<string> {
  const directory = temporaryDirectory(t)
  for (const [name, text] of Object.entries(files)) writeFileSync(join(directory, name), text)
  const plans = Object.keys(files).filter((name) => !name.includes('.lock.'))
  const before = filesBelow(directory)
  let said = ''
  for (const command of COMMANDS) {
    const { status, stdout, stderr } = await runWarren([...command, ...plans], { cwd: directory })
    const name = command.join(' ')
    assert.equal(status, 2, `${name}: ${stderr}`)
    assert.equal(stdout, '', name)
    assert.deepEqual(filesBelow(directory), before, name)
    assert.ok(said === '' || said === stderr, `${name} says something else:\n${stderr}\nthan:\n${said}`)
    said = stderr
  }
  return said
}

test('everything that is wrong in several files is listed at once, by every command alike', async (t) => {
  const said = await refusedByAll(t, {
    'malformed.yaml': 'a: [1, 2\nb: }',
    'fields.yaml': PLAN.replace('name: a', 'name: a, endpiont: "x:1"').replace('10.0.0.0/24', '10.0.0.0/33'),
    'types.yaml': `${PLAN.replace('name: home', 'name: other').replace('[hub]', 'hub')}  - { name: b, publicKey: "c2hvcnQ=" }\n`,
    'kind.yaml':
      'apiVersion: warren.dev/v1alpha1\nkind: WireGuardNetworkPlam\nmetadata: { name: x }\nspec: {}\n',
  })
  assert.match(said, /malformed\.yaml:\d+:\d+: error: .*\[InvalidYaml\]/)
  assert.match(said, /fields\.yaml:9:\d+: error: .*\[UnknownField\]\n\s+Did you mean endpoint\?/)
  assert.match(said, /fields\.yaml:5:\d+: error: .*\[InvalidCidr\]/)
  assert.match(said, /types\.yaml:6:\d+: error: .*hubs.*\[WrongType\]/)
  assert.match(said, /types\.yaml:10:\d+: error: .*publicKey.*\[InvalidKey\]/)
  assert.match(said, /kind\.yaml:2:\d+: error: .*\[UnknownKind\]\n\s+Did you mean WireGuardNetworkPlan\?/)
  assert.match(said, /\d+ errors\n$/)
  assert.ok(!said.includes('c2hvcnQ='))
})

test('what is wrong between objects is listed at once: duplicates, clashes, nodes that do not exist', async (t) => {
  const said = await refusedByAll(t, {
    'home.yaml': `${PLAN.replace('hubs: [hub]', 'hubs: [hub, nobody]').replace('name: a', 'name: a, addresses: [10.0.0.9]')}  - { name: b, addresses: [10.0.0.9], publicKey: "${KEY}" }
  - { name: c, publicKey: "${KEY}" }
---
${PLAN}`,
  })
  for (const code of ['DuplicateObject', 'UnknownNode', 'DuplicateAddress', 'DuplicateKey']) {
    assert.match(said, new RegExp(`\\[${code}\\]`), said)
  }
})

test('a lock that contradicts its plan, or is malformed, is refused', async (t) => {
  const lock = (nodes: string): string =>
    `apiVersion: warren.dev/v1alpha1\nkind: Allocations\nnetworks:\n  default/home:\n    nodes:\n${nodes}`
  const twice = lock(`      hub: { addresses: [10.0.0.1] }\n      a: { addresses: [10.0.0.1] }\n`)
  assert.match(await refusedByAll(t, { 'home.yaml': PLAN, 'home.lock.yaml': twice }), /10\.0\.0\.1/)
  const broken = lock(`      hub: { adresses: [10.0.0.1], publicKey: short }\n`)
  const said = await refusedByAll(t, { 'home.yaml': PLAN, 'home.lock.yaml': broken })
  assert.match(said, /home\.lock\.yaml:6:\d+: error: .*\[UnknownField\]/)
  assert.match(said, /\[InvalidKey\]/)
})

test('a mistyped field does not hide what is wrong between the others', async (t) => {
  const said = await refusedByAll(t, {
    'home.yaml': `${PLAN.replace('hubs: [hub]', 'hubs: [hub, gone]\n  intreface: {}')}  - { name: a }\n`,
  })
  assert.match(said, /unknown field "intreface"/)
  assert.match(said, /there is no node gone/)
  assert.match(said, /the node a is there twice/)
})

test('a file of 100 MB is refused without being read, and so are a folder and a file that is not there', async (t) => {
  const directory = temporaryDirectory(t)
  writeFileSync(join(directory, 'big.yaml'), PLAN)
  truncateSync(join(directory, 'big.yaml'), 100 * 1024 * 1024)
  const { status, stderr } = await runWarren(['plan', 'big.yaml', '.', 'nowhere.yaml'], { cwd: directory })
  assert.equal(status, 2)
  assert.match(stderr, /big\.yaml: larger than 16 MiB \(100 MiB\) \[FileTooLarge\]/)
  assert.match(stderr, /\.: cannot read it: it is a directory \[UnreadableFile\]/)
  assert.match(stderr, /nowhere\.yaml: cannot read it: there is no such file \[UnreadableFile\]/)
})

test('a file that changes while it is read is not used', async (t) => {
  const directory = temporaryDirectory(t)
  const file = join(directory, 'busy.yaml')
  writeFileSync(file, `${PLAN}${`# ${'x'.repeat(1000)}\n`.repeat(8000)}`)
  const writer = spawn('sh', ['-c', `echo ready; while :; do echo '# more' >> '${file}'; done`], {
    stdio: 'pipe',
  })
  try {
    await once(writer.stdout, 'data')
    // The writer may be kept waiting through one whole read; then the file held still, and was rightly used.
    let refused = await runWarren(['validate', file])
    for (let again = 0; again < 20 && refused.status === 0; again += 1) {
      refused = await runWarren(['validate', file])
    }
    assert.equal(refused.status, 2)
    assert.match(refused.stderr, /it keeps changing while it is read/)
  } finally {
    // Ended before its directory goes: it would make the file again.
    writer.kill('SIGKILL')
    await once(writer, 'close')
  }
})

test("commander's own refusals are bad input too", async () => {
  const rows = [
    [],
    ['plann'],
    ['plan'],
    ['plan', '--nope', 'x'],
    ['plan', 'x', '-o', 'xml'],
    ['node'],
    ['keys', 'x.yaml'],
  ]
  for (const args of rows) {
    const { status, stdout } = await runWarren(args)
    assert.equal(status, 2, args.join(' '))
    assert.equal(stdout, '', args.join(' '))
  }
  assert.match((await runWarren(['pusch'])).stderr, /Did you mean push\?/)
})

test('help and version are answers, not refusals', async () => {
  for (const args of [['--help'], ['help', 'plan'], ['plan', '--help'], ['node', 'put', '--help']]) {
    const { status, stdout } = await runWarren(args)
    assert.equal(status, 0, args.join(' '))
    assert.match(stdout, /Usage: warren/)
    assert.match(stdout, /Examples:/)
  }
  assert.match((await runWarren(['--version'])).stdout, /^\d+\.\d+\.\d+\n$/)
})

test('a --via that cannot name a node is refused before anything else', async (t) => {
  const directory = temporaryDirectory(t)
  writeFileSync(join(directory, 'home.yaml'), PLAN)
  const { status, stderr } = await runWarren(['push', 'home.yaml', '--via', `ssh 'root@{node}`], {
    cwd: directory,
  })
  assert.equal(status, 2)
  assert.match(stderr, /--via: a ' that is not closed \[InvalidArgument\]/)
})

test('what `node put` is given is checked on the node too, and nothing is written', async (t) => {
  const directory = temporaryDirectory(t)
  const put = (input: string, name = 'home') =>
    runWarren(['node', 'put', name, '--plans-dir', join(directory, 'plans')], { input })
  const bundle = (objects: string): string => JSON.stringify({ version: 1, objects, allocations: '' })
  for (const ended of [
    await put('not a bundle'),
    await put(JSON.stringify({ version: 2, objects: PLAN, allocations: '' })),
    await put(bundle(PLAN.replace('spec:', 'spek:'))),
    await put(bundle(`${PLAN}---\n${PLAN}`)),
    await put(bundle(PLAN), '../escape'),
  ]) {
    assert.equal(ended.status, 2, ended.stderr)
  }
  assert.deepEqual(filesBelow(directory), {})
  assert.equal((await put(bundle(PLAN))).status, 0)
  assert.deepEqual(Object.keys(filesBelow(directory)), ['plans/home.lock.yaml', 'plans/home.yaml'])
})

test('files without any object are refused by every command: they are not a plan for nobody', async (t) => {
  for (const empty of ['', '# nothing\n', '---\n---\n']) {
    assert.match(await refusedByAll(t, { 'home.yaml': empty }), /home\.yaml: no objects in it \[NoObjects\]/)
  }
  const { status, stderr } = await runWarren(['plan', '-'], { cwd: temporaryDirectory(t) })
  assert.equal(status, 2)
  assert.match(stderr, /standard input: no objects in it \[NoObjects\]/)
})

test('a node mistyped is answered with the one that was meant', async (t) => {
  const directory = temporaryDirectory(t)
  writeFileSync(join(directory, 'home.yaml'), PLAN)
  const { status, stderr } = await runWarren(['plan', 'home.yaml', '--node', 'hbu'], { cwd: directory })
  assert.equal(status, 2)
  assert.match(stderr, /the plan has no such node.*\n\s+Did you mean hub\?/)
})

test('keys of several imports go to a file for each interface, and none is overwritten', async (t) => {
  const directory = temporaryDirectory(t)
  const run = (name: string) => runWarren(['import', name, '--node', 'rpi4'], { cwd: directory })
  for (const name of ['wg0', 'wg1']) {
    writeFileSync(join(directory, `${name}.conf`), `[Interface]\nPrivateKey = ${KEY}\n`)
    const { status, stdout, stderr } = await run(`${name}.conf`)
    assert.equal(status, 0, stderr)
    assert.ok(!`${stdout}${stderr}`.includes(KEY))
    assert.equal(filesBelow(directory)[`rpi4-${name}.secrets.yaml`]?.mode, 0o600)
  }
  const again = await run('wg0.conf')
  assert.equal(again.status, 2)
  assert.match(again.stderr, /rpi4-wg0\.secrets\.yaml: this file for keys is already there/)
})

test('an agent is given the folder of its plans, and told so when it is given a file', async (t) => {
  const directory = temporaryDirectory(t)
  writeFileSync(join(directory, 'home.yaml'), PLAN)
  const before = filesBelow(directory)
  const { status, stderr } = await runWarren(['agent', '--source', 'file:home.yaml', '--run-dir', 'run'], {
    cwd: directory,
  })
  assert.equal(status, 2)
  assert.match(stderr, /--source: home\.yaml is a file; give the folder it is in/)
  assert.deepEqual(filesBelow(directory), before)
})
