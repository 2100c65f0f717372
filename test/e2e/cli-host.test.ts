/**
 * Commands that look at a machine, in a throwaway one: import, show, plan --live, eject, and push to an agent that
 * runs. The interfaces are Warren's own userspace ones, so any kernel with TUN will do.
 */
import assert from 'node:assert/strict'
import { type ChildProcess, execFileSync } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'

import { eventually } from '../harness/eventually.ts'
import { Namespace } from '../harness/namespace.ts'
import { needs } from '../harness/needs.ts'
import { temporaryDirectory, WARREN } from './run-warren.ts'

const NEEDS = needs({ root: true, kernel: ['tun'], tools: ['wg', 'ip'] })
const PRIVATE = 'ODyTjMvoLv5lLk2vXfQXQYjXGiJ5fMGi2jTO3VtFtVU='
const PRESHARED = 'FpCyhws9cxwWoV4xELtfJvjJN+zQVRPISllRWgeopVE='
const PEERS = [
  'xTIBA5rboUvnH4htodjb6e697QjLERt1NAB4mZqp8Dg=',
  'TrMvSoP4jYQlY6RIzBgbssQqY3vxI2Pi+y71lOWWXX0=',
] as const

const CONFIG = `[Interface]
PrivateKey = ${PRIVATE}
ListenPort = 4444
FwMark = 0x2a

[Peer]
PublicKey = ${PEERS[0]}
PresharedKey = ${PRESHARED}
Endpoint = 192.0.2.1:51820
AllowedIPs = 10.9.0.0/24, fd00:9::/64
PersistentKeepalive = 25

[Peer]
PublicKey = ${PEERS[1]}
AllowedIPs = 10.9.0.7/32
`

interface Machine {
  readonly directory: string
  readonly host: Namespace
  readonly warren: (line: string) => Promise<string>
  /** `bin/warren` with the machine's own folders, as a program that a --via can run. */
  readonly program: string
}

/** A machine with its own /run and /var/lib, and a folder for its plans. */
async function machine(t: TestContext, name = 'machine'): Promise<Machine> {
  const directory = temporaryDirectory(t)
  const host = await Namespace.create(name)
  t.after(() => host.close())
  await host.exec('mount -t tmpfs tmpfs /var/lib')
  mkdirSync(join(directory, 'plans'))
  const program = join(directory, 'warren')
  const env = `WARREN_PLANS_DIR='${directory}/plans' WARREN_CONFIG='${directory}/agent.yaml' WARREN_NODE_NAME=${name}`
  writeFileSync(program, `#!/bin/sh\n${env} exec '${WARREN}' "$@"\n`)
  chmodSync(program, 0o755)
  return { directory, host, program, warren: (line) => host.exec(`${program} ${line}`) }
}

/** wg0 as somebody without Warren would have made it. */
async function foreignInterface({ directory, host, program }: Machine): Promise<void> {
  const device = host.spawn(program, ['device', 'wg0', '--fwmark', '42'])
  await ready(device)
  writeFileSync(join(directory, 'wg0.setconf'), CONFIG)
  await host.exec(`wg setconf wg0 ${directory}/wg0.setconf`)
  for (const address of ['10.9.0.2/24', 'fd00:9::2/64']) await host.exec(`ip address add ${address} dev wg0`)
  await host.exec('ip link set wg0 mtu 1380 up')
}

async function ready(device: ChildProcess): Promise<void> {
  const [said] = (await Promise.race([once(device.stdout!, 'data'), once(device, 'exit')])) as [unknown]
  assert.match(String(said), /ready/)
}

test('what runs is imported, and the first plan --live after it is empty', NEEDS, async (t) => {
  const here = await machine(t)
  await foreignInterface(here)
  const { directory, warren } = here
  const secrets = join(directory, 'secrets.yaml')
  const objects = await warren(`import --secrets ${secrets}`)
  assert.match(objects, /^apiVersion: warren\.dev\/v1alpha1\nkind: WireGuardInterface\n/)
  assert.ok(!objects.includes(PRIVATE) && !objects.includes(PRESHARED))
  assert.equal(statSync(secrets).mode & 0o777, 0o600)
  assert.ok(readFileSync(secrets, 'utf8').includes(PRIVATE))
  writeFileSync(join(directory, 'here.yaml'), objects)
  assert.equal(await warren(`plan --live ${directory}/here.yaml ${secrets}`), '')
  assert.equal(await warren(`diff --live ${directory}/here.yaml ${secrets}`), '')
})

test(
  'plan --live refuses what an agent here would refuse: a key that is not its own, and what is out of bounds',
  NEEDS,
  async (t) => {
    const { directory, warren } = await machine(t)
    const network = (key: string): string => `apiVersion: warren.dev/v1alpha1
kind: WireGuardNetworkPlan
metadata: { name: home }
spec:
  cidrs: [10.9.0.0/24]
  interface: { name: wg0 }
  nodes: [{ name: machine, endpoint: 192.0.2.1, publicKey: "${key}" }]
`
    const file = join(directory, 'home.yaml')
    const refused = (line: string, stderr: RegExp): Promise<void> =>
      assert.rejects(warren(line), { code: 2, stdout: '', stderr })
    const own = (await warren('node key --network default/home')).trim()
    writeFileSync(file, network(own))
    assert.match(await warren(`plan --live ${file}`), /ip link set dev wg0 up/)
    writeFileSync(join(directory, 'agent.yaml'), 'cidrs: [10.8.0.0/16]\n')
    for (const command of ['plan', 'diff'])
      await refused(`${command} --live ${file}`, /10\.9\.0\.1\/32 is beyond what this node allows/)
    writeFileSync(join(directory, 'agent.yaml'), '')
    writeFileSync(file, network(PEERS[0]))
    await refused(`plan --live ${file}`, /the lock says .* but this node has .*KeyMismatch/)
  },
)

test('wg showconf and wg-quick files are imported as the same interface', NEEDS, async (t) => {
  const here = await machine(t)
  await foreignInterface(here)
  const { directory, host, warren } = here
  const conf = await host.exec('wg showconf wg0')
  const quick = conf.replace(
    '[Interface]',
    '[Interface]\nAddress = 10.9.0.2/24, fd00:9::2/64\nMTU = 1380\nTable = off',
  )
  writeFileSync(join(directory, 'wg0.conf'), quick)
  const fromFile = await warren(`import ${directory}/wg0.conf --secrets ${directory}/1.yaml`)
  const fromHost = await warren(`import --secrets ${directory}/2.yaml`)
  assert.equal(fromFile, fromHost)
  assert.equal(
    readFileSync(join(directory, '1.yaml'), 'utf8'),
    readFileSync(join(directory, '2.yaml'), 'utf8'),
  )
  writeFileSync(join(directory, 'wg0.yaml'), fromFile)
  assert.equal(await warren(`plan --live ${directory}/wg0.yaml ${directory}/1.yaml`), '')
})

test('show says what wg show says, without secrets', NEEDS, async (t) => {
  const here = await machine(t)
  await foreignInterface(here)
  const { host, warren } = here
  const shown = `${await warren('show')}${await warren('show wg0 -o json')}`
  assert.ok(!shown.includes(PRIVATE) && !shown.includes(PRESHARED))
  const [json] = JSON.parse(await warren('show -o json')) as [
    Record<string, unknown> & { peers: Record<string, unknown>[] },
  ]
  const dump = (await host.exec('wg show wg0 dump'))
    .trim()
    .split('\n')
    .map((line) => line.split('\t'))
  const [own = [], ...peers] = dump
  assert.deepEqual(
    [json['publicKey'], String(json['listenPort']), `0x${Number(json['fwmark']).toString(16)}`],
    own.slice(1),
  )
  assert.deepEqual(
    json.peers.map((peer) => [
      peer['publicKey'],
      peer['endpoint'] ?? '(none)',
      (peer['allowedIPs'] as string[]).join(','),
    ]),
    peers.map((peer) => [peer[0], peer[2], peer[3]]),
  )
})

test(
  'an ejected interface is the same interface, without Warren',
  needs({ root: true, kernel: ['tun'], tools: ['wg', 'wg-quick'] }),
  async (t) => {
    const here = await machine(t, 'spoke')
    const { directory, host, program, warren } = here
    writeFileSync(
      join(directory, 'plans/home.yaml'),
      `apiVersion: warren.dev/v1alpha1
kind: WireGuardNetworkPlan
metadata: { name: home }
spec:
  cidrs: [10.9.0.0/24, "fd00:9::/64"]
  hubs: [hub]
  interface: { name: wg0, mtu: 1380 }
  nodes:
  - { name: hub, endpoint: "192.0.2.1:51820", publicKey: "${PEERS[0]}", allowedNetworks: [192.168.7.0/24] }
  - { name: spoke }
`,
    )
    await warren(`plan --write ${directory}/plans/home.yaml`)
    await warren('agent --once')
    const stable = async (): Promise<unknown> => {
      const shown = JSON.parse(await warren('show -o json')) as {
        addresses: string[]
        peers: Record<string, unknown>[]
      }[]
      const withoutCounters = shown.map((one) => ({
        ...one,
        // The kernel's own, at random.
        addresses: one.addresses.filter((address) => !address.startsWith('fe80:')),
        peers: one.peers.map(({ rxBytes: _r, txBytes: _t, lastHandshakeMs: _l, ...peer }) => peer),
      }))
      return { interfaces: withoutCounters, routes: await destinations(host) }
    }
    const before = await stable()
    await warren(`eject --out ${directory}/out`)
    assert.equal(statSync(join(directory, 'out/wg0.conf')).mode & 0o777, 0o600)
    assert.match(
      readFileSync(join(directory, 'out/wireguard-wg0.service'), 'utf8'),
      /ExecStart=\/usr\/bin\/wg-quick up wg0/,
    )
    await host.exec('ip link delete dev wg0')
    await eventually(() => !existsSync(host.pathOf('/run/wireguard/wg0.sock')))

    // wg-quick falls back to a userspace program where the kernel has no WireGuard; ours will do.
    const userspace = join(directory, 'userspace')
    writeFileSync(
      userspace,
      `#!/bin/sh\nsetsid '${program}' device "$1" >/dev/null 2>&1 &\nwhile [ ! -S "/run/wireguard/$1.sock" ]; do sleep 0.02; done\n`,
    )
    chmodSync(userspace, 0o755)
    await host.exec(
      `env WG_QUICK_USERSPACE_IMPLEMENTATION=${userspace} wg-quick up ${directory}/out/wg0.conf`,
    )
    assert.deepEqual(await stable(), before)
  },
)

async function destinations(host: Namespace): Promise<string[]> {
  const routes = (await host.exec('ip -4 route show dev wg0')) + (await host.exec('ip -6 route show dev wg0'))
  const first = routes.split('\n').map((line) => line.split(' ')[0] ?? '')
  return first.filter((destination) => destination !== '' && !destination.startsWith('fe80')).toSorted()
}

/*   hub ─ veth ─ spoke        each with an agent; push reaches them through nsenter   */
test('push brings up two machines whose agents run, and says so', NEEDS, async (t) => {
  const [hub, spoke] = [await machine(t, 'hub'), await machine(t, 'spoke')]
  await hub.host.exec(`ip link add eth0 type veth peer name eth0 netns ${spoke.host.pid}`)
  for (const [{ host }, address] of [
    [hub, '192.0.2.1/24'],
    [spoke, '192.0.2.2/24'],
  ] as const) {
    await host.exec(`ip address add ${address} dev eth0`)
    await host.exec('ip link set eth0 up')
  }
  const directory = temporaryDirectory(t)
  writeFileSync(
    join(directory, 'home.yaml'),
    `apiVersion: warren.dev/v1alpha1
kind: WireGuardNetworkPlan
metadata: { name: home }
spec:
  cidrs: [10.9.0.0/24]
  hubs: [hub]
  interface: { name: wg0 }
  nodes:
  - { name: hub, endpoint: "192.0.2.1:51820", addresses: [10.9.0.1] }
  - { name: spoke, addresses: [10.9.0.2] }
`,
  )
  const reach = join(directory, 'reach')
  const cases = [hub, spoke].map(
    ({ host, program }) =>
      `${host.name}) exec nsenter --target=${host.pid} --net --mount -- '${program}' "$@" ;;`,
  )
  writeFileSync(reach, `#!/bin/sh\nnode=$1; shift 2\ncase $node in\n${cases.join('\n')}\nesac\n`)
  chmodSync(reach, 0o755)
  for (const { host, program } of [hub, spoke]) host.spawn(program, ['agent'])
  await eventually(() => [hub, spoke].every(({ host }) => existsSync(host.pathOf('/run/warren/agent.json'))))

  const said = execFileSync(WARREN, ['push', 'home.yaml', '--via', `${reach} {node}`], {
    cwd: directory,
    encoding: 'utf8',
  })
  assert.match(said, /Order: hub → spoke\n2 nodes have the plan\.\n$/)
  await eventually(() => spoke.host.succeeds('ping -c 1 -W 1 10.9.0.1'), { timeoutMs: 20_000 })
  const status = JSON.parse(await spoke.warren('node status -o json --check')) as { phase: string }
  assert.equal(status.phase, 'Converged')
  assert.equal(await spoke.warren(`plan --live ${directory}/home.yaml`), '')
  assert.match(await spoke.warren('show'), /peer: \S+ \(hub\)[^]*latest handshake: /)

  // The spoke leaves: its agent takes its interface away.
  const alone = readFileSync(join(directory, 'home.yaml'), 'utf8').replace(/.*name: spoke.*\n/, '')
  writeFileSync(join(directory, 'home.yaml'), alone)
  execFileSync(WARREN, ['push', 'home.yaml', '--via', `${reach} {node}`], { cwd: directory, stdio: 'pipe' })
  await eventually(async () => !(await spoke.host.succeeds('ip link show dev wg0')))
})
