/**
 * docs/guides/first-network.md, played through: every command of the guide is run on the machine in its prompt,
 * over Debian's own ssh and sshd, and must print what the guide shows.
 *
 *   vps 203.0.113.10 ──────── 203.0.113.1 router 192.168.1.1 ──┬── nas 192.168.1.20     the router translates
 *   (public)                              (NAT)                └── desk 192.168.1.21    addresses, as at home
 *
 * The guide starts agents with systemctl; these machines have no systemd, so they are started here beforehand.
 */
import assert from 'node:assert/strict'
import { execFile, execFileSync } from 'node:child_process'
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'

import { eventually } from '../harness/eventually.ts'
import { Namespace } from '../harness/namespace.ts'
import { needs } from '../harness/needs.ts'
import { readGuide, withoutAccidents } from './play-guide.ts'
import { temporaryDirectory, WARREN } from './run-warren.ts'

const GUIDE = new URL('../../docs/guides/first-network.md', import.meta.url)
const ADDRESSES = { vps: '203.0.113.10', nas: '192.168.1.20', desk: '192.168.1.21' } as const
type Name = keyof typeof ADDRESSES
const NAMES = ['vps', 'nas', 'desk'] as const

const NEEDS = needs({
  root: true,
  kernel: ['tun'],
  tools: ['ip', 'nft', 'ssh', 'sshd', 'ssh-keygen', 'ping'],
})

test('the first network of the guide, over real SSH, prints what the guide shows', NEEDS, async (t) => {
  const guide = readGuide(readFileSync(GUIDE, 'utf8'))
  const { run, directory } = await home(t)
  for (const [name, text] of guide.files) writeFileSync(join(directory, name), text)
  const played = guide.commands.filter(
    (one) => !/^(?:apt|git|cd|npm|systemctl|install|ln)\b/.test(one.command),
  )
  assert.ok(played.length > 8, `${played.length} commands`)
  for (const { machine, command, output } of played) {
    const play = async (): Promise<string> => {
      const { status, output: said } = await run(machine as Name, command)
      return `${withoutAccidents(said)}${status === 0 ? '' : `(status ${status})`}`
    }
    let got = await play()
    // A reader takes a breath between two commands; what only looks may be looked at again.
    const look = async (): Promise<boolean> => got === output || (got = await play()) === output
    if (/^(?:ping|warren (?:node|show))/.test(command))
      await eventually(look, { timeoutMs: 20_000 }).catch(() => {})
    assert.equal(got, output, `${machine}$ ${command}`)
  }
})

interface Home {
  readonly directory: string
  readonly run: (machine: Name, command: string) => Promise<{ status: number; output: string }>
}

async function home(t: TestContext): Promise<Home> {
  const directory = temporaryDirectory(t)
  const machines = await wire(t)
  execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', join(directory, 'id')])
  for (const name of NAMES) await startMachine(machines[name], directory)
  writeSshClient(directory)
  // What a person has in the shell of desk.
  const env = {
    ...process.env,
    PATH: `${directory}/bin:/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin`,
    NO_COLOR: '1',
    COLUMNS: '100',
  }
  const run: Home['run'] = (machine, command) =>
    new Promise((resolve) => {
      const prefix = ['--target', String(machines[machine].pid), '--net', '--mount', '--']
      const shell = ['sh', '-c', `cd "${directory}"; export WARREN_MACHINE=${machine}; { ${command}; } 2>&1`]
      execFile(
        'nsenter',
        [...prefix, ...shell],
        { cwd: directory, env, timeout: 120_000 },
        (error, stdout) => {
          resolve({ status: typeof error?.code === 'number' ? error.code : error ? 255 : 0, output: stdout })
        },
      )
    })
  return { directory, run }
}

async function wire(t: TestContext): Promise<Record<Name | 'router', Namespace>> {
  const create = async (name: string): Promise<Namespace> => {
    const host = await Namespace.create(name)
    t.after(() => host.close())
    for (const folder of ['/var/lib', '/etc/ssh']) await host.exec(`mount -t tmpfs tmpfs ${folder}`)
    return host
  }
  const [vps, nas, desk, router] = [
    await create('vps'),
    await create('nas'),
    await create('desk'),
    await create('router'),
  ]
  const cable = async (host: Namespace, link: string, at: string): Promise<void> => {
    await router.exec(`ip link add ${link} type veth peer name eth0 netns ${host.pid}`)
    await host.exec(`ip address add ${at}/24 dev eth0`)
    await host.exec('ip link set eth0 up')
    await router.exec(`ip link set ${link} up`)
  }
  await cable(vps, 'wan', ADDRESSES.vps)
  await cable(nas, 'lan1', ADDRESSES.nas)
  await cable(desk, 'lan2', ADDRESSES.desk)
  for (const line of [
    'link add lan type bridge',
    'link set lan up',
    'link set lan1 master lan',
    'link set lan2 master lan',
  ])
    await router.exec(`ip ${line}`)
  for (const line of ['192.168.1.1/24 dev lan', '203.0.113.1/24 dev wan'])
    await router.exec(`ip address add ${line}`)
  for (const host of [nas, desk]) await host.exec('ip route add default via 192.168.1.1')
  await router.exec('sysctl -q -w net.ipv4.ip_forward=1')
  await router.exec('nft add table ip nat')
  await router.exec('nft add chain ip nat out { type nat hook postrouting priority 100 ; }')
  await router.exec('nft add rule ip nat out oifname wan masquerade')
  return { vps, nas, desk, router }
}

/** sshd, an agent, and `warren` in the PATH of whoever logs in. */
async function startMachine(host: Namespace, directory: string): Promise<void> {
  const own = join(directory, host.name)
  for (const folder of ['', 'plans', 'bin']) mkdirSync(join(own, folder), { recursive: true })
  const env = `WARREN_PLANS_DIR='${own}/plans' WARREN_CONFIG='${own}/agent.yaml' WARREN_NODE_NAME=${host.name}`
  const program = join(own, 'bin/warren')
  writeFileSync(program, `#!/bin/sh\n${env} exec '${WARREN}' "$@"\n`)
  chmodSync(program, 0o755)
  execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', join(own, 'host_key')])
  await host.exec('mkdir -p /run/sshd')
  const config = join(own, 'sshd_config')
  writeFileSync(
    config,
    `HostKey ${own}/host_key
AuthorizedKeysFile ${directory}/id.pub
PermitRootLogin prohibit-password
PasswordAuthentication no
StrictModes no
UsePAM no
PidFile none
SetEnv PATH=${own}/bin:/usr/local/bin:/usr/bin:/bin
`,
  )
  host.spawn('sshd', ['-D', '-e', '-f', config])
  host.spawn(program, ['agent'])
  await eventually(() => existsSync(host.pathOf('/run/warren/agent.json')))
}

/** `ssh root@vps` works on desk, as the guide asks for; and `warren` is that machine's. */
function writeSshClient(directory: string): void {
  const hosts = NAMES.map((name) => `Host ${name}\n  HostName ${ADDRESSES[name]}\n`).join('')
  writeFileSync(
    join(directory, 'ssh_config'),
    `${hosts}Host *\n  IdentityFile ${directory}/id\n  StrictHostKeyChecking no\n  UserKnownHostsFile /dev/null\n  LogLevel ERROR\n`,
  )
  const programs = {
    ssh: `exec /usr/bin/ssh -F '${directory}/ssh_config' "$@"`,
    warren: `exec '${directory}'/"$WARREN_MACHINE"/bin/warren "$@"`,
  }
  mkdirSync(join(directory, 'bin'))
  for (const [name, body] of Object.entries(programs)) {
    writeFileSync(join(directory, 'bin', name), `#!/bin/sh\n${body}\n`)
    chmodSync(join(directory, 'bin', name), 0o755)
  }
}
