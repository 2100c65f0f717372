/**
 * docs/guides/first-network.md, played through: the guide's own plan becomes the hosts of a lab, every command is run
 * on the machine in its prompt, over Debian's own ssh and sshd, and must print what the guide shows.
 *
 *   vps 203.0.113.10 ───── backbone ───── router of home ──┬── nas 192.168.1.20
 *   (public)                                  (NAT)        └── desk 192.168.1.21
 *
 * The guide starts agents with systemctl; these machines have no systemd, so they are started here beforehand.
 */
import assert from 'node:assert/strict'
import { execFile, execFileSync, spawn } from 'node:child_process'
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'

import { eventually } from '../harness/eventually.ts'
import { needs } from '../harness/needs.ts'
import { readGuide, withoutAccidents } from './play-guide.ts'
import { temporaryDirectory, WARREN } from './run-warren.ts'

const GUIDE = new URL('../../docs/guides/first-network.md', import.meta.url)
const ADDRESSES = { vps: '203.0.113.10', nas: '192.168.1.20', desk: '192.168.1.21' } as const
type Name = keyof typeof ADDRESSES
const NAMES = ['vps', 'nas', 'desk'] as const

/** Hosts of a lab let in their WireGuard port and nothing else; these people have their SSH open. */
const OPEN_SSH = 'nft insert rule inet lab-firewall input tcp dport 22 accept'

const NEEDS = needs({ root: true, kernel: ['tun'], tools: ['nft', 'ssh', 'sshd', 'ssh-keygen', 'ping'] })

test('the first network of the guide, over real SSH, prints what the guide shows', NEEDS, async (t) => {
  const guide = readGuide(readFileSync(GUIDE, 'utf8'))
  const { run } = await home(t, guide.files)
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
  readonly run: (machine: Name, command: string) => Promise<{ status: number; output: string }>
}

async function home(t: TestContext, files: ReadonlyMap<string, string>): Promise<Home> {
  const directory = temporaryDirectory(t)
  for (const [name, text] of files) writeFileSync(join(directory, name), text)
  const lab = `ssh-${process.pid}`
  execFileSync(WARREN, ['lab', 'up', join(directory, 'first.yaml'), '--bare', '--name', lab], {
    stdio: 'pipe',
  })
  t.after(() => execFileSync(WARREN, ['lab', 'down', lab], { stdio: 'pipe' }))
  writeSsh(directory)
  // What a person has in a shell there.
  const start = `cd '${directory}' && export PATH='${directory}/bin:/usr/local/bin:/usr/bin:/bin:/usr/sbin' COLUMNS=100 &&`
  const run: Home['run'] = (machine, command) =>
    new Promise((resolve) => {
      const shell = ['sh', '-c', `${start} { ${command}; } 2>&1`]
      execFile(
        WARREN,
        ['lab', 'exec', lab, machine, '--', ...shell],
        { timeout: 120_000 },
        (error, stdout) => {
          resolve({ status: typeof error?.code === 'number' ? error.code : error ? 255 : 0, output: stdout })
        },
      )
    })
  for (const machine of NAMES) {
    const servers = `${OPEN_SSH} && mkdir -p /run/sshd && /usr/sbin/sshd -e -f '${directory}/sshd_config' && exec warren agent`
    spawn(WARREN, ['lab', 'exec', lab, machine, '--', 'sh', '-c', `${start} { ${servers}; }`], {
      stdio: 'ignore',
    })
  }
  for (const machine of NAMES) {
    const isUp = async (): Promise<boolean> =>
      (await run('desk', `ssh root@${machine} cat /run/warren/agent.json`)).status === 0
    await eventually(isUp, { timeoutMs: 30_000, what: `${machine} answers SSH and has an agent` })
  }
  return { run }
}

/** `ssh root@vps` works on desk without a password, as the guide asks for, and finds `warren` there. */
function writeSsh(directory: string): void {
  for (const key of ['id', 'host_key']) {
    execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', join(directory, key)])
  }
  writeFileSync(
    join(directory, 'sshd_config'),
    `HostKey ${directory}/host_key
AuthorizedKeysFile ${directory}/id.pub
PermitRootLogin prohibit-password
PasswordAuthentication no
StrictModes no
UsePAM no
PidFile none
SetEnv PATH=${directory}/bin:/usr/local/bin:/usr/bin:/bin
`,
  )
  const hosts = NAMES.map((name) => `Host ${name}\n  HostName ${ADDRESSES[name]}\n`).join('')
  const common = [
    `IdentityFile ${directory}/id`,
    'StrictHostKeyChecking no',
    'UserKnownHostsFile /dev/null',
    'LogLevel ERROR',
  ]
  writeFileSync(
    join(directory, 'ssh_config'),
    `${hosts}Host *\n${common.map((line) => `  ${line}\n`).join('')}`,
  )
  const programs = {
    ssh: `exec /usr/bin/ssh -F '${directory}/ssh_config' "$@"`,
    warren: `exec '${WARREN}' "$@"`,
  }
  mkdirSync(join(directory, 'bin'))
  for (const [name, body] of Object.entries(programs)) {
    writeFileSync(join(directory, 'bin', name), `#!/bin/sh\n${body}\n`)
    chmodSync(join(directory, 'bin', name), 0o755)
  }
}
