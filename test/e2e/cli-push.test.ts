/**
 * `warren keys` and `warren push` for real, with machines that are folders: `--via` runs the node's half of warren
 * on this machine with that node's folders in place of /etc, /var/lib and /run.
 */
import assert from 'node:assert/strict'
import { chmodSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'

import { FileSource } from '../../src/sources/index.ts'
import { filesBelow, runWarren, temporaryDirectory, WARREN } from './run-warren.ts'

const PLAN = `apiVersion: warren.dev/v1alpha1
kind: WireGuardNetworkPlan
metadata: { name: home }
spec:
  cidrs: [10.0.0.0/24]
  hubs: [hub]
  interface: { name: wg0 }
  nodes:
  - { name: hub, endpoint: "hub.example.net:51820" }
  - { name: a }
  - { name: b, privateKeySecretRef: { name: b, key: privateKey } }
  - { name: phone, agent: false }
---
apiVersion: v1
kind: Secret
metadata: { name: b }
stringData: { privateKey: ODyTjMvoLv5lLk2vXfQXQYjXGiJ5fMGi2jTO3VtFtVU= }
`
const SECRET = 'ODyTjMvoLv5lLk2vXfQXQYjXGiJ5fMGi2jTO3VtFtVU='

interface Fleet {
  readonly directory: string
  /** What every node was asked, in order. */
  readonly asked: () => string[]
  readonly run: (...args: readonly string[]) => ReturnType<typeof runWarren>
  /** From now on this node does not answer. */
  readonly breakNode: (node: string) => void
}

function fleet(t: TestContext): Fleet {
  const directory = temporaryDirectory(t)
  writeFileSync(join(directory, 'home.yaml'), PLAN)
  const reach = join(directory, 'reach')
  writeFileSync(
    reach,
    `#!/bin/sh
node=$1; shift 2
[ ! -e "${directory}/broken-$node" ] || { echo "ssh: connect to host $node port 22: No route to host" >&2; exit 255; }
echo "$node $*" >> "${directory}/asked"
export WARREN_PLANS_DIR="${directory}/$node/plans" WARREN_STATE_DIR="${directory}/$node/state" WARREN_RUN_DIR="${directory}/$node/run"
exec "${WARREN}" "$@"
`,
  )
  chmodSync(reach, 0o755)
  return {
    directory,
    asked: () => readFileSync(join(directory, 'asked'), 'utf8').trim().split('\n'),
    run: (...args) => runWarren([...args, '--via', `'${reach}' {node}`], { cwd: directory }),
    breakNode: (node) => writeFileSync(join(directory, `broken-${node}`), ''),
  }
}

test('each node makes its key once; only public halves leave it, and they go to the lock', async (t) => {
  const { directory, run, asked } = fleet(t)
  const first = await run('keys', 'home.yaml')
  assert.equal(first.status, 0, first.stderr)
  assert.deepEqual(asked().toSorted(), [
    'a node key --network default/home',
    'hub node key --network default/home',
  ])
  const lock = readFileSync(join(directory, 'home.lock.yaml'), 'utf8')
  for (const node of ['hub', 'a']) {
    const { mode, text } = filesBelow(join(directory, node, 'state'))['keys/default_home.key'] ?? {
      mode: 0,
      text: '',
    }
    assert.equal(mode, 0o600)
    assert.ok(!`${lock}${first.stdout}${first.stderr}`.includes(text.trim()))
  }
  const second = await run('keys', 'home.yaml')
  assert.equal(second.status, 0)
  assert.equal(readFileSync(join(directory, 'home.lock.yaml'), 'utf8'), lock)
  assert.ok(!second.stdout.includes('new'))
})

test('a node with another key than the lock remembers is not believed until it is said so', async (t) => {
  const { directory, run } = fleet(t)
  await run('keys', 'home.yaml')
  const lock = readFileSync(join(directory, 'home.lock.yaml'), 'utf8')
  rmSync(join(directory, 'a/state'), { recursive: true })
  const refused = await run('keys', 'home.yaml')
  assert.equal(refused.status, 1)
  assert.match(refused.stderr, /a: .*not the one that the lock remembers \(PinnedKeyDiffers\)/)
  assert.equal(readFileSync(join(directory, 'home.lock.yaml'), 'utf8'), lock)
  assert.equal((await run('keys', 'home.yaml', '--accept-new-keys')).status, 0)
  assert.notEqual(readFileSync(join(directory, 'home.lock.yaml'), 'utf8'), lock)
})

test('push gives each node the plan without foreign keys, the hub first, and nothing to a phone', async (t) => {
  const { directory, run, asked } = fleet(t)
  const { status, stdout, stderr } = await run('push', 'home.yaml')
  assert.equal(status, 0, stderr)
  assert.match(stdout, /Order: hub → a, b\n/)
  const puts = asked().flatMap((line) => /^(.* node put .*) --change [0-9a-f]{16}$/.exec(line)?.[1] ?? [])
  assert.equal(puts[0], 'hub node put home --wait 30 --confirm-within 60')
  assert.deepEqual(
    puts.slice(1).toSorted(),
    ['a', 'b'].map((node) => `${node} node put home --wait 30 --confirm-within 60`),
  )
  assert.ok(!existsSync(join(directory, 'phone')))
  const plans = (node: string) => filesBelow(join(directory, node, 'plans'))
  const lock = readFileSync(join(directory, 'home.lock.yaml'), 'utf8')
  for (const node of ['hub', 'a', 'b']) assert.equal(plans(node)['home.lock.yaml']?.text, lock)
  assert.ok(plans('b')['home.yaml']?.text.includes(SECRET))
  assert.equal(plans('b')['home.yaml']?.mode, 0o600)
  for (const node of ['hub', 'a']) {
    assert.ok(!plans(node)['home.yaml']?.text.includes(SECRET), node)
    assert.equal(plans(node)['home.yaml']?.mode, 0o644)
  }
  assert.ok(!asked().join('\n').includes(SECRET) && !`${stdout}${stderr}`.includes(SECRET))
})

test('a dry run shows the plan and the order, and changes nothing anywhere', async (t) => {
  const { directory, run } = fleet(t)
  const before = filesBelow(directory)
  const { status, stdout } = await run('push', 'home.yaml', '--dry-run')
  assert.equal(status, 0)
  assert.match(stdout, /hub +wg0 \(relays\) +10\.0\.0\.\d+\/24/)
  const after = filesBelow(directory)
  delete after['asked']
  assert.deepEqual(after, before)
})

test('a node that does not answer is named with the reason, and the others get their plan', async (t) => {
  const { directory, run, breakNode } = fleet(t)
  assert.equal((await run('push', 'home.yaml')).status, 0)
  breakNode('a')
  writeFileSync(join(directory, 'home.yaml'), PLAN.replace('name: a }', 'name: a, labels: { colour: red } }'))
  const { status, stdout, stderr } = await run('push', 'home.yaml')
  assert.equal(status, 1)
  assert.match(
    stdout,
    /unreachable a: .* ended with status 255: ssh: connect to host a port 22: No route to host/,
  )
  assert.match(stderr, /2 of 3 nodes have the plan; not: a\n$/)
  assert.ok(filesBelow(join(directory, 'b/plans'))['home.yaml']?.text.includes('colour: red'))
  assert.ok(!filesBelow(join(directory, 'a/plans'))['home.yaml']?.text.includes('colour: red'))
})

test('the lock is written before the first node gets anything', async (t) => {
  const { directory, run } = fleet(t)
  mkdirSync(join(directory, 'home.lock.yaml'))
  const { status } = await run('push', 'home.yaml')
  assert.equal(status, 2)
  assert.ok(!existsSync(join(directory, 'hub/plans')))
})

test('answers that are not from warren are refused', async (t) => {
  const { run, directory } = fleet(t)
  const motd = ['push', 'home.yaml', '--remote-command', `sh -c 'echo Welcome' x`]
  const { status, stderr } = await run(...motd)
  assert.equal(status, 1)
  assert.ok(!existsSync(join(directory, 'hub/plans')), stderr)
})

test('an agent that refuses the plan and stays with what ran before is no success', async (t) => {
  const { directory, run } = fleet(t)
  assert.equal((await run('push', 'home.yaml')).status, 0)
  const { digest } = await new FileSource({ dir: join(directory, 'a/plans') }).read()
  const problem = { code: 'KeyMismatch', path: 'WireGuardNetworkPlan/home', message: 'another key is here' }
  const says = {
    pid: process.pid,
    digest,
    phase: 'Converged',
    conditions: [],
    problems: [problem],
    interfaces: [],
  }
  mkdirSync(join(directory, 'a/run'), { recursive: true })
  writeFileSync(join(directory, 'a/run/agent.json'), JSON.stringify(says))
  const { status, stderr } = await run('push', 'home.yaml')
  assert.equal(status, 1)
  assert.match(stderr, /failed a: has the plan, but its agent refuses it: .*home: another key is here/)
  assert.match(stderr, /3 of 3 nodes have the plan; not as it says: a\n$/)
  assert.ok(filesBelow(join(directory, 'a/plans'))['home.yaml'])
})

test('when nobody answers, nothing is asked, written or claimed', async (t) => {
  const { directory, run, breakNode } = fleet(t)
  for (const node of ['hub', 'a', 'b']) breakNode(node)
  const before = filesBelow(directory)
  const push = await run('push', 'home.yaml', '--yes')
  assert.equal(push.status, 1)
  assert.match(
    push.stderr,
    /a, b, hub cannot be reached, none of them; nothing was changed\n {2}a: .*No route to host\n$/,
  )
  assert.equal(push.stdout, '')
  const keys = await run('keys', 'home.yaml')
  assert.equal(keys.status, 1)
  assert.match(keys.stderr, /no key from a, hub; home\.lock\.yaml is as it was\n$/)
  assert.equal(keys.stdout, '')
  assert.deepEqual(filesBelow(directory), before)
})

test('a plan of phones only has nobody to push to', async (t) => {
  const { directory, run } = fleet(t)
  const phones = PLAN.split('---')[0]?.replaceAll(/ {2}- \{ name: (?:a|b).*\n/g, '') ?? ''
  writeFileSync(join(directory, 'home.yaml'), phones.replace('name: hub,', 'name: hub, agent: false,'))
  const { status, stderr } = await run('push', 'home.yaml', '--yes')
  assert.equal(status, 2)
  assert.match(stderr, /no node of this plan runs an agent/)
  assert.ok(!existsSync(join(directory, 'home.lock.yaml')))
})

test('a node that left the plan is told so, and one that cannot be told is named', async (t) => {
  const { directory, run, breakNode } = fleet(t)
  const withBoth = PLAN.replace('name: a }', 'name: a }\n  - { name: old }\n  - { name: lost }')
  writeFileSync(join(directory, 'home.yaml'), withBoth)
  assert.equal((await run('push', 'home.yaml')).status, 0)
  assert.ok(filesBelow(join(directory, 'old/plans'))['home.yaml']?.text.includes('name: old'))
  writeFileSync(join(directory, 'home.yaml'), PLAN)
  breakNode('lost')
  const { status, stdout, stderr } = await run('push', 'home.yaml')
  assert.equal(status, 0, stderr)
  assert.match(stdout, /Leaving the network: lost, old\n/)
  assert.match(stderr, /lost did not hear that it is in the network no more: .*No route to host\n/)
  assert.equal(
    filesBelow(join(directory, 'old/plans'))['home.yaml']?.text,
    '# old is in this network no more.\n',
  )
  const again = await run('push', 'home.yaml')
  assert.ok(!again.stdout.includes('Leaving'))
})

test('a name that a shell on a node would read as more than a name is refused before anybody is asked', async (t) => {
  const { directory, run } = fleet(t)
  for (const [file, ...flags] of [
    ['$(touch x).yaml'],
    ['a;b.yaml'],
    ['-x.yaml'],
    ['home.yaml', '--name', '../x'],
    ['home.yaml', '--wait', '1;id'],
  ] as const) {
    writeFileSync(join(directory, file), PLAN)
    const { status, stderr } = await run('push', `./${file}`, ...flags)
    assert.equal(status, 2, `${file}: ${stderr}`)
    assert.match(stderr, /not a name for a plan|a number of seconds/)
  }
  assert.ok(!existsSync(join(directory, 'asked')))
})

test('a plan pushed under another name says that the old file is on the node, and what to do', async (t) => {
  const { directory, run } = fleet(t)
  assert.equal((await run('push', 'home.yaml')).status, 0)
  for (const suffix of ['yaml', 'lock.yaml'])
    writeFileSync(join(directory, `new.${suffix}`), readFileSync(join(directory, `home.${suffix}`), 'utf8'))
  const refused = await run('push', 'new.yaml')
  assert.equal(refused.status, 1)
  assert.match(refused.stderr, /one of them in another file of .* on this node/)
  assert.match(refused.stderr, /--name/)
  assert.equal((await run('push', 'new.yaml', '--name', 'home')).status, 0)
})
