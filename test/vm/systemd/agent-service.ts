/**
 * `warren agent install`, `upgrade` and `uninstall` under a real systemd. Run inside a machine that booted it, by
 * test/vm/agent-install.test.ts, and nowhere else: it makes the machine a node.
 *
 *   this machine, node a                              namespace, node b
 *   service, userspace wg0 10.88.0.1 ──── veth ──── agent, the kernel's wg0 10.88.0.2
 *                    └────────── one TCP stream, through all of it ──────────┘
 */
import assert from 'node:assert/strict'
import { execFileSync, spawnSync } from 'node:child_process'
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { after, before, suite, test } from 'node:test'
import { nodeKey, type AgentStatus } from '../../../src/agent/index.ts'
import { formatAllocations, NO_ALLOCATIONS, parseObjects, withPublicKey } from '../../../src/model/index.ts'
import { plan } from '../../../src/plan/index.ts'
import { eventually } from '../../harness/eventually.ts'
import { Namespace } from '../../harness/namespace.ts'
import { AgentHost, KERNEL_MAKE } from '../../netns/agent-hosts.ts'
import { HUB_PLAN } from '../../netns/agent-suites.ts'
import { startEcho, streamThrough, type Stream } from './stream.ts'

const UNIT = 'warren-agent.service'
const NETWORK = 'default/home'
/** The published package three times: as it is, as a newer version, and as one whose agent cannot start. */
const { WARREN_TEST_PACKAGES: packages = '' } = process.env
const AGENT_FLAGS = '--node a --backend userspace'

const run = (line: string): { code: number; said: string } => {
  const [program = '', ...args] = line.split(' ')
  const { status, stdout, stderr } = spawnSync(program, args, { encoding: 'utf8' })
  return { code: status ?? -1, said: `${stdout}${stderr}` }
}
const must = (line: string): string => {
  const { code, said } = run(line)
  assert.equal(code, 0, `${line}: ${said}`)
  return said
}
const show = (property: string): string =>
  must(`systemctl show --property=${property} --value ${UNIT}`).trim()
const status = (): AgentStatus | undefined => {
  try {
    return JSON.parse(readFileSync('/run/warren/agent.json', 'utf8')) as AgentStatus
  } catch {
    return undefined
  }
}
const runsWell = async (): Promise<void> => {
  const well = () => status()?.phase === 'Converged' && String(status()?.pid) === show('MainPID')
  await eventually(well, { what: 'the service has converged', timeoutMs: 30_000 }).catch((error: unknown) => {
    const journal = run(`journalctl --no-pager --lines=40 --unit=${UNIT}`).said
    throw new Error(`${JSON.stringify(status())}\n${journal}`, { cause: error })
  })
}
const devicePid = (): string =>
  readdirSync('/proc').find((pid) => /^\d+$/.test(pid) && /\bdevice\b.*\bwg0\b/.test(commandOf(pid))) ?? ''
const commandOf = (pid: string): string => {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ')
  } catch {
    return '' // it ended meanwhile
  }
}
const bound = (pid: string, field: string): string =>
  new RegExp(`^${field}:\\s*(\\S+)`, 'm').exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? ''

suite('the agent as a service', () => {
  let b: AgentHost
  let stream: Stream
  const closings: (() => void)[] = []

  before(async () => {
    if (!existsSync('/usr/local/sbin/node')) symlinkSync(process.execPath, '/usr/local/sbin/node')
    const net = await Namespace.create('b')
    closings.push(() => net.close())
    execFileSync('ip', `link add under type veth peer name eth0 netns ${net.pid}`.split(' '))
    for (const line of ['address add 192.0.2.1/24 dev under', 'link set under up']) must(`ip ${line}`)
    for (const line of ['address add 192.0.2.2/24 dev eth0', 'link set eth0 up']) await net.exec(`ip ${line}`)
    b = new AgentHost('b', net, KERNEL_MAKE)
    const lock = await lockOf(b)
    mkdirSync('/etc/warren/plans', { recursive: true })
    writeFileSync('/etc/warren/plans/home.lock.yaml', lock)
    writeFileSync('/etc/warren/plans/home.yaml', HUB_PLAN)
    b.writePlan(HUB_PLAN, lock)
  })
  after(() => closings.toReversed().forEach((close) => close()))

  test('install makes a service that starts, converges, and is there after the next boot', async () => {
    const said = must(`${packages}/first/bin/warren agent install -- ${AGENT_FLAGS}`)
    assert.match(said, /^warren: installed 0\.\d+\.\d+-[0-9a-f]{8} in \/usr\/local\/lib\/warren$/m)
    await runsWell()
    assert.equal(must(`systemctl is-enabled ${UNIT}`).trim(), 'enabled')
    assert.match(must('systemctl list-dependencies --plain multi-user.target'), /warren-agent\.service/)
    assert.match(show('After'), /\bnetwork-pre\.target\b/)
    for (const later of ['network.target', 'network-online.target', 'docker.service'])
      assert.match(show('Before'), new RegExp(`(^| )${later}( |$)`))
    // What a boot does with it, after everything that carries traffic is gone.
    must(`systemctl stop ${UNIT}`)
    process.kill(Number(devicePid()), 'SIGKILL')
    must('ip link delete wg0')
    must('systemctl start multi-user.target')
    await runsWell()
  })

  test('the service and the device process have the few rights that they need', () => {
    const [agent, device] = [show('MainPID'), devicePid()]
    // CAP_NET_BIND_SERVICE (10), CAP_NET_ADMIN (12), CAP_NET_RAW (13)
    assert.equal(bound(agent, 'CapBnd'), '0000000000003400')
    for (const pid of [agent, device]) {
      assert.equal(bound(pid, 'NoNewPrivs'), '1')
      assert.equal(bound(pid, 'Seccomp'), '2')
    }
    assert.equal(bound(device, 'CapEff'), '0000000000000000')
    assert.match(readFileSync(`/proc/${device}/cgroup`, 'utf8'), /warren-agent\.service/)
    const exposure = /level for \S+ ([\d.]+)/.exec(must(`systemd-analyze security --no-pager ${UNIT}`))?.[1]
    assert.ok(Number(exposure) < 3, `exposure ${exposure}`)
  })

  test('a TCP stream through the tunnel survives kill -9 and a restart of the agent', async () => {
    b.start()
    await b.converged()
    await eventually(() => b.net.succeeds('ping -c 1 -W 1 10.88.0.1'), {
      what: 'a answers',
      timeoutMs: 20_000,
    })
    closings.push(await startEcho('10.88.0.1', 7000))
    stream = streamThrough(b.net, '10.88.0.1', 7000)
    await stream.flows()
    const [agent, device] = [show('MainPID'), devicePid()]
    process.kill(Number(agent), 'SIGKILL')
    await eventually(() => !['0', agent].includes(show('MainPID')), { what: 'systemd starts it again' })
    await runsWell()
    await stream.flows()
    must(`systemctl restart ${UNIT}`)
    await runsWell()
    await stream.flows()
    assert.equal(devicePid(), device)
  })

  test('upgrade changes the agent and not the tunnel', async () => {
    const device = devicePid()
    const said = must(`${packages}/second/bin/warren agent upgrade --within 100`)
    assert.match(said, /^warren: upgraded from \S+ to 0\.99\.0-/m)
    await runsWell()
    assert.match(readlinkSync('/usr/local/lib/warren/current'), /^versions\/0\.99\.0-/)
    assert.match(must('/usr/local/bin/warren --version'), /^0\.99\.0$/m)
    assert.equal(devicePid(), device)
    await stream.flows()
  })

  test('upgrade to a version that does not start goes back by itself', async () => {
    const { code, said } = run(`${packages}/broken/bin/warren agent upgrade --within 60`)
    assert.equal(code, 1)
    assert.match(said, /was not well \(it ended 3 times\); 0\.99\.0-\w+ runs again/)
    await runsWell()
    assert.deepEqual(
      readdirSync('/usr/local/lib/warren/versions').filter((name) => name.startsWith('1.')),
      [],
    )
    await stream.flows()
  })

  test('uninstall leaves the network that it is not asked to remove', async () => {
    assert.match(must('/usr/local/bin/warren agent uninstall'), /its network is left up/)
    assert.match(run(`systemctl status ${UNIT}`).said, /could not be found/)
    for (const path of ['/usr/local/lib/warren', '/usr/local/bin/warren', '/run/warren', '/var/cache/warren'])
      assert.equal(existsSync(path), false, path)
    assert.ok(existsSync('/etc/warren/plans/home.yaml') && existsSync('/var/lib/warren/keys'))
    await stream.flows()
  })

  test('uninstall with everything leaves nothing', () => {
    must(`${packages}/second/bin/warren agent install --no-start -- ${AGENT_FLAGS}`)
    assert.match(
      must('/usr/local/bin/warren agent uninstall --remove-network --purge'),
      /its network is gone/,
    )
    assert.doesNotMatch(must('ip -brief link'), /wg0/)
    assert.equal(must('ip route show table all proto 87').trim(), '')
    assert.equal(devicePid(), '')
    for (const path of ['/etc/warren', '/var/lib/warren', '/usr/local/lib/warren', '/run/wireguard/wg0.sock'])
      assert.equal(existsSync(path), false, path)
  })
})

async function lockOf(b: AgentHost): Promise<string> {
  const { objects } = parseObjects(HUB_PLAN, { file: 'home.yaml' })
  let { allocations } = plan(objects, NO_ALLOCATIONS)
  for (const [node, stateDir] of [
    ['a', '/var/lib/warren'],
    ['b', b.dir('state')],
  ] as const) {
    const publicKey = await nodeKey(stateDir, NETWORK)
    allocations = withPublicKey(allocations, { network: NETWORK, node, publicKey })
  }
  return formatAllocations(plan(objects, allocations).allocations)
}
