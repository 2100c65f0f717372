/**
 * Three machines of a lab with Debian's own ssh and sshd, an agent each, and a shell on every one of them:
 *
 *   vps 203.0.113.10 ───── backbone ───── router of home ──┬── nas 192.168.1.20
 *   (public)                                  (NAT)        └── desk 192.168.1.21
 *
 * `ssh root@vps` works without a password, as the guide asks for; `ssh root@vps.wg` goes to its address in the tunnel.
 */
import { execFile, execFileSync, spawn } from 'node:child_process'
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { TestContext } from 'node:test'

import { eventually } from '../harness/eventually.ts'
import { needs } from '../harness/needs.ts'
import { temporaryDirectory, WARREN } from './run-warren.ts'

const ADDRESSES = { vps: '203.0.113.10', nas: '192.168.1.20', desk: '192.168.1.21' } as const
/** What the plans of these tests give them. */
const TUNNEL_ADDRESSES = { vps: '10.77.0.1', nas: '10.77.0.3', desk: '10.77.0.2' } as const
export type Name = keyof typeof ADDRESSES
const NAMES = ['vps', 'nas', 'desk'] as const

/** Hosts of a lab let in their WireGuard port and nothing else; these people have their SSH open. */
const OPEN_SSH = 'nft insert rule inet lab-firewall input tcp dport 22 accept'

export const SSH_LAB_NEEDS = needs({
  root: true,
  kernel: ['tun'],
  tools: ['nft', 'ssh', 'sshd', 'ssh-keygen', 'ping'],
})

export interface SshLab {
  readonly run: (machine: Name, command: string) => Promise<{ status: number; output: string }>
}

export async function sshLab(t: TestContext, files: ReadonlyMap<string, string>): Promise<SshLab> {
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
  const run: SshLab['run'] = (machine, command) =>
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
  const places = NAMES.flatMap((name) => [
    [name, ADDRESSES[name]],
    [`${name}.wg`, TUNNEL_ADDRESSES[name]],
  ])
  const hosts = places.map(([name, address]) => `Host ${name}\n  HostName ${address}\n`).join('')
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
