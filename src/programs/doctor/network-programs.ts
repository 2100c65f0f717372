/** Programs that manage the network of this machine too: which run, and how they are set. */
import { readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { join } from 'node:path'
import type { ManagerFacts } from '../../diagnosis/index.ts'

/** As the kernel shortens them (15 bytes), and what they are called. */
const PROGRAMS: Readonly<Record<string, string>> = {
  'systemd-network': 'systemd-networkd',
  NetworkManager: 'NetworkManager',
  firewalld: 'firewalld',
  dockerd: 'dockerd',
  'kube-proxy': 'kube-proxy',
  kubelet: 'kubelet',
  k3s: 'k3s',
  'k3s-server': 'k3s-server',
  'k3s-agent': 'k3s-agent',
}

const NETWORKD_CONF = ['/etc/systemd', '/run/systemd', '/usr/local/lib/systemd', '/usr/lib/systemd']

export function readManagers(): ManagerFacts {
  return {
    running: runningPrograms(),
    networkdKeepsForeign: networkdKeepsForeign(),
    ufwEnabled: /^ENABLED=yes\b/m.test(textOf('/etc/ufw/ufw.conf')),
    wgQuick: namesIn('/etc/wireguard')
      .filter((name) => name.endsWith('.conf'))
      .map((name) => name.slice(0, -'.conf'.length)),
  }
}

/** Only of this network namespace: another container's programs manage another network. */
function runningPrograms(): string[] {
  const found = new Set<string>()
  for (const pid of namesIn('/proc')) {
    if (!/^\d+$/.test(pid)) continue
    const name = PROGRAMS[textOf(`/proc/${pid}/comm`).trim()]
    if (name === undefined && !isFirewalld(pid)) continue
    if (sharesNetwork(pid)) found.add(name ?? 'firewalld')
  }
  return [...found].toSorted()
}

/** It is a Python program, and goes by that name. */
function isFirewalld(pid: string): boolean {
  return /^python/.test(textOf(`/proc/${pid}/comm`)) && textOf(`/proc/${pid}/cmdline`).includes('/firewalld')
}

function sharesNetwork(pid: string): boolean {
  const own = networkOf('self')
  return own !== undefined && networkOf(pid) === own
}

function networkOf(pid: string): string | undefined {
  try {
    return readlinkSync(`/proc/${pid}/ns/net`)
  } catch {
    return undefined // it ended, or is not ours to look at
  }
}

/** The last file that says it wins: those in folders come after the one beside them. */
function networkdKeepsForeign(): boolean {
  const texts = NETWORKD_CONF.toReversed().flatMap((folder) => [
    textOf(join(folder, 'networkd.conf')),
    ...namesIn(join(folder, 'networkd.conf.d'))
      .filter((name) => name.endsWith('.conf'))
      .toSorted()
      .map((name) => textOf(join(folder, 'networkd.conf.d', name))),
  ])
  const said = texts.flatMap((text) => [...text.matchAll(/^\s*ManageForeignRoutes\s*=\s*(\S+)/gm)])
  return /^(no|false|off|0)$/i.test(said.at(-1)?.[1] ?? 'yes')
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder)
  } catch {
    return [] // it is not installed here
  }
}

function textOf(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return '' // it is not there, or went in between
  }
}
