/**
 * Interoperation, where the other implementations are installed: wg(8) shows our interfaces, and one machine runs
 * wireguard-go, configured only by the wg-quick file that `warren generate` wrote.
 */
import { accessSync, constants, copyFileSync, readdirSync } from 'node:fs'
import { basename, delimiter, join } from 'node:path'
import { WireGuardNetlink } from '../../linux/index.ts'
import type { Machine } from '../runtime/machine.ts'
import { environment, run } from './run-program.ts'
import type { PlanFacts } from './plan-facts.ts'
import type { Stage } from './stage.ts'

/** Program → the Debian package that has it. */
const PACKAGES = {
  'wireguard-go': 'wireguard-go',
  wg: 'wireguard-tools',
  'wg-quick': 'wireguard-tools',
  ip: 'iproute2',
} as const

/**
 * What wg-quick does, but for the kernel's WireGuard, which it would prefer where there is one: the file's own
 * words go to wg(8) and ip(8).
 */
const WITHOUT_KERNEL = `
set -eu
wireguard-go "$1"
wg-quick strip "$1" > /run/lab/stripped.conf
wg setconf "$1" /run/lab/stripped.conf
sed -n 's/^MTU = //p' "/etc/wireguard/$1.conf" | while read -r mtu; do ip link set "$1" mtu "$mtu"; done
sed -n 's/^Address = //p' "/etc/wireguard/$1.conf" | tr -d ' ' | tr ',' '\\n' |
  while read -r address; do ip address add "$address" dev "$1"; done
ip link set "$1" up
`

export function missingPackages(): string[] {
  const missing = Object.entries(PACKAGES).filter(([program]) => !isInstalled(program))
  return [...new Set(missing.map(([, debianPackage]) => debianPackage))]
}

function isInstalled(program: string): boolean {
  const folders = [...(process.env['PATH'] ?? '').split(delimiter), '/usr/sbin', '/sbin']
  return folders.some((folder) => {
    try {
      accessSync(join(folder, program), constants.X_OK)
      return true
    } catch {
      return false // not in this folder
    }
  })
}

/**
 * The last machine of the plan that is no relay, where everything for it is installed. Two at least keep their
 * agents, or there would be nothing to run a stream between.
 */
export function pickInterop(facts: PlanFacts): string | undefined {
  if (missingPackages().length > 0 || facts.nodes.length < 3) return undefined
  return facts.nodes.filter((node) => !facts.relays.has(node.name)).at(-1)?.name
}

/** The other machines' keys are in the lock already, so the file has its peers. Returns the interface's name. */
export async function generateFor(
  stage: Stage,
  machine: Machine,
  planFile: string,
): Promise<string | undefined> {
  const out = join(stage.order.folder, 'generated')
  const words = ['--peer', machine.name, '--direct', '--write']
  stage.command(['warren generate', basename(planFile), '--out wg', ...words].join(' '))
  const env = environment(stage.order.binFolder)
  const generated = await run([...stage.order.warren, 'generate', planFile, '--out', out, ...words], env)
  if (generated.status !== 0) {
    stage.check(false, `warren generate ended with ${generated.status}: ${generated.output.trim()}`)
    return undefined
  }
  const [file] = readdirSync(join(out, machine.name))
  if (file === undefined) return undefined
  copyFileSync(join(out, machine.name, file), machine.path(`/etc/wireguard/${file}`))
  return basename(file, '.conf')
}

export async function joinByWireGuardGo(stage: Stage, machine: Machine, link: string): Promise<void> {
  stage.command(`wg-quick up ${link}      # on ${machine.name}`)
  const up = await run(
    [...machine.enter(), ...startCommand(machine, link)],
    environment(stage.order.binFolder),
  )
  stage.check(
    up.status === 0,
    up.status === 0
      ? `${machine.name} runs wireguard-go, configured by the generated ${link}.conf alone`
      : `wireguard-go on ${machine.name} ended with ${up.status}: ${up.output.trim()}`,
  )
}

function startCommand(machine: Machine, link: string): string[] {
  const kernel = machine.inside(() => WireGuardNetlink.open(machine.sys))
  kernel?.close()
  return kernel === undefined ? ['wg-quick', 'up', link] : ['sh', '-c', WITHOUT_KERNEL, 'lab', link]
}

/** What wg(8) says of our interfaces, and of wireguard-go's. */
export async function showWithWg(stage: Stage, interop: Machine | undefined): Promise<'wireguard-go' | null> {
  const missing = missingPackages()
  if (missing.length > 0)
    stage.note(`not installed: ${missing.join(', ')}; to see it: apt-get install ${missing.join(' ')}`)
  if (isInstalled('wg')) await showOurs(stage)
  if (interop === undefined) return null
  const peers = await wgPeers(stage, interop)
  const shaken = peers.filter((peer) => peer.handshake > 0)
  const held = stage.check(
    shaken.length > 0 && shaken.length === peers.length,
    `${interop.name}, wireguard-go: ${shaken.length} of ${peers.length} peers, all of them Warren, have shaken hands`,
  )
  return held ? 'wireguard-go' : null
}

async function showOurs(stage: Stage): Promise<void> {
  const hub = stage.lab.hosts.find((machine) => stage.facts.relays.has(machine.name)) ?? stage.lab.hosts[0]
  if (hub === undefined) return
  const link = stage.facts.interfaces.get(hub.name)?.[0] ?? ''
  const shown = await run([...hub.enter(), 'wg', 'show', link], environment(stage.order.binFolder))
  const peers = await wgPeers(stage, hub)
  for (const line of shown.output.trim().split('\n').slice(0, 10)) stage.note(line)
  stage.check(
    shown.status === 0 && peers.length > 0 && peers.every((peer) => peer.handshake > 0),
    `wg show on ${hub.name} knows ${link}: ${peers.length} peers, each with a handshake`,
  )
}

async function wgPeers(stage: Stage, machine: Machine): Promise<{ key: string; handshake: number }[]> {
  const link = stage.facts.interfaces.get(machine.name)?.[0] ?? ''
  const words = [...machine.enter(), 'wg', 'show', link, 'latest-handshakes']
  const shown = await run(words, environment(stage.order.binFolder))
  return shown.output
    .split('\n')
    .map((line) => line.split('\t'))
    .flatMap(([key = '', seconds]) => (seconds === undefined ? [] : [{ key, handshake: Number(seconds) }]))
}
