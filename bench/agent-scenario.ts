/**
 * One round of the agent's benchmark, inside a namespace that is thrown away: `agent-scenario.ts MAKE WARREN`, where
 * MAKE is `kernel` or `wireguard-go` and WARREN the launcher to measure. Prints its figures in milliseconds as JSON.
 *
 * Both sides do the same to an empty host: an interface, 1,000 peers, 1,000 addresses. Ours is `warren agent --once`
 * with a plan; theirs `wg syncconf` and `ip -batch`, with the files already written.
 */
import { execFileSync, spawn, spawnSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { setTimeout as pause } from 'node:timers/promises'
import { timed } from './benchmark.ts'

const COUNT = 1000
const RESIDENT_CHANGES = 5
const [make = 'kernel', warren = 'bin/warren'] = process.argv.slice(2)
const PLANS = '/run/plans'
const FLAGS = [
  '--source',
  `file:${PLANS}`,
  '--node',
  'bench',
  '--state-dir',
  '/run/state',
  '--config',
  '/run/none',
]
const USERSPACE = make === 'kernel' ? ['--backend', 'kernel'] : ['--userspace', 'wireguard-go -f {interface}']

interface Peer {
  readonly publicKey: string
  readonly allowedIPs: readonly string[]
  readonly endpoint: string
}

const key = () => randomBytes(32).toString('base64')
const privateKey = key()
const addresses = Array.from({ length: COUNT }, (_, i) => `10.9.${i >> 8}.${i & 255}/32`)
const peers = Array.from({ length: COUNT }, (_, i): Peer => peerOf(i, 1024))

execFileSync('mount', ['-t', 'tmpfs', 'tmpfs', '/run'])
mkdirSync('/run/wireguard', { mode: 0o700 })
mkdirSync(PLANS)
const ours = await measureOurs()
await removeInterface()
const theirs = await measureTheirs()
await removeInterface()
console.log(JSON.stringify({ ours, theirs }))

async function measureOurs() {
  let said = ''
  const once = () => (said = run(warren, ['agent', '--once', ...USERSPACE, ...FLAGS]))
  writePlan(peers)
  const fill = await timed(once)
  const fillWork = Number(/converged .*tookMs=([\d.]+)/.exec(said)?.[1])
  expectPeers()
  const again = await timed(once)
  writePlan(changed(0))
  const change = await timed(once)
  const resident = await residentChange()
  return { fill, fillWork, again, change, resident }
}

/** From the moment the plan's file has its new content to the moment the agent has converged on it. */
async function residentChange(): Promise<number> {
  const agent = spawn(warren, ['agent', ...USERSPACE, ...FLAGS], { stdio: 'inherit' })
  try {
    await converged(0)
    const figures: number[] = []
    for (let i = 1; i <= RESIDENT_CHANGES; i++) {
      const renamed = Date.now()
      writePlan(changed(i))
      figures.push((await converged(renamed)) - renamed)
    }
    return figures.toSorted((a, b) => a - b)[Math.floor(RESIDENT_CHANGES / 2)] ?? NaN
  } finally {
    agent.kill('SIGTERM')
    await new Promise((resolve) => agent.on('exit', resolve))
  }
}

async function converged(afterMs: number): Promise<number> {
  for (;;) {
    const { phase, convergedAtMs = 0 } = readStatus()
    if (phase === 'Converged' && convergedAtMs > afterMs) return convergedAtMs
    await pause(5)
  }
}

function readStatus(): { phase?: string; convergedAtMs?: number } {
  try {
    return JSON.parse(readFileSync('/run/warren/agent.json', 'utf8')) as { phase?: string }
  } catch {
    return {} // not written yet
  }
}

async function measureTheirs() {
  writeFileSync('/run/first.conf', formatConfig(peers), { mode: 0o600 })
  writeFileSync('/run/changed.conf', formatConfig(changed(0)), { mode: 0o600 })
  writeFileSync('/run/addresses', addresses.map((address) => `address replace ${address} dev wg0\n`).join(''))
  const fill = await timed(() => {
    if (make === 'kernel') run('ip', ['link', 'add', 'wg0', 'type', 'wireguard'])
    else run('wireguard-go', ['wg0'])
    run('wg', ['syncconf', 'wg0', '/run/first.conf'])
    run('ip', ['-batch', '/run/addresses'])
    run('ip', ['link', 'set', 'wg0', 'up', 'mtu', '1420'])
  })
  expectPeers()
  const again = await timed(() => {
    run('wg', ['syncconf', 'wg0', '/run/first.conf'])
    run('ip', ['-batch', '/run/addresses'])
  })
  const change = await timed(() => run('wg', ['syncconf', 'wg0', '/run/changed.conf']))
  return { fill, again, change }
}

function peerOf(index: number, firstPort: number): Peer {
  const allowedIPs = [`10.8.${index >> 8}.${index & 255}/32`]
  return { publicKey: key(), allowedIPs, endpoint: `198.51.100.1:${firstPort + index}` }
}

/** The same peers, one of them with another allowed network: what a new node behind it would change. */
function changed(index: number): readonly Peer[] {
  return peers.map((peer, i) =>
    i === index ? { ...peer, allowedIPs: [...peer.allowedIPs, `10.7.${index}.0/24`] } : peer,
  )
}

function writePlan(of: readonly Peer[]): void {
  const spec = { node: 'bench', interfaceName: 'wg0', listenPort: 51820, privateKey, addresses, peers: of }
  const plan = {
    apiVersion: 'warren.dev/v1alpha1',
    kind: 'WireGuardInterface',
    metadata: { name: 'bench' },
    spec,
  }
  writeFileSync('/run/plan.new', JSON.stringify(plan))
  renameSync('/run/plan.new', `${PLANS}/plan.yaml`)
}

function formatConfig(of: readonly Peer[]): string {
  const sections = of.map(
    (peer) =>
      `[Peer]\nPublicKey = ${peer.publicKey}\nAllowedIPs = ${peer.allowedIPs.join(', ')}\nEndpoint = ${peer.endpoint}\n`,
  )
  return [`[Interface]\nPrivateKey = ${privateKey}\nListenPort = 51820\n`, ...sections].join('\n')
}

/** Returns what it said on stderr. */
function run(program: string, args: readonly string[]): string {
  const { status, stderr, error } = spawnSync(program, args, {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  if (status !== 0) throw new Error(`${program} ${args.slice(0, 3).join(' ')}: ${error?.message ?? stderr}`)
  return stderr
}

function expectPeers(): void {
  const found = execFileSync('wg', ['show', 'wg0', 'peers'], { encoding: 'utf8' }).trim().split('\n').length
  if (found !== COUNT) throw new Error(`${found} peers instead of ${COUNT}`)
}

/** Of wireguard-go the process ends with its interface, and takes its socket along: not that of the next one. */
async function removeInterface(): Promise<void> {
  spawnSync('ip', ['link', 'delete', 'wg0'])
  while (existsSync('/run/wireguard/wg0.sock')) await pause(5)
}
