/** What `warren show` does. */
import type { AgentStatus } from '../../agent/index.ts'
import { BadInput } from '../exit.ts'
import { env } from '../options.ts'
import { readAgentStatus } from '../node/agent-status.ts'
import { type Paint, paintFor } from '../terminal/paint.ts'
import { standardOutput } from '../terminal/terminal.ts'
import { publicKeyOf } from '../wg-quick/key-pair.ts'
import { readRunning, type RunningInterface } from './running.ts'
import { formatLink, linksOf } from './show-links.ts'

export interface ShowOptions {
  readonly output: 'text' | 'json'
}

/** What may be seen by everybody. */
export interface ShownInterface {
  readonly name: string
  readonly backend: 'kernel' | 'userspace'
  readonly up: boolean
  readonly mtuBytes: number
  readonly addresses: readonly string[]
  readonly publicKey: string | null
  readonly listenPort: number
  readonly fwmark: number
  readonly peers: readonly ShownPeer[]
}

export interface ShownPeer {
  readonly publicKey: string
  /** What the agent's plan calls it. */
  readonly node: string | null
  readonly hasPresharedKey: boolean
  readonly endpoint: string | null
  readonly allowedIPs: readonly string[]
  readonly lastHandshakeMs: number | null
  readonly rxBytes: number
  readonly txBytes: number
  readonly persistentKeepaliveSeconds: number
}

export async function runShow(name: string | undefined, { output }: ShowOptions): Promise<void> {
  const running = await readRunning()
  const status = await readAgentStatus(env('WARREN_RUN_DIR', '/run/warren'))
  const isChosen = (one: { readonly name: string }): boolean => name === undefined || one.name === name
  const nodes = nodeNames(status)
  const interfaces = running.filter(isChosen).map((one) => toShown(one, nodes))
  const links = linksOf(status).filter(isChosen)
  if (name !== undefined && interfaces.length + links.length === 0)
    throw noSuchInterface(name, [...running, ...linksOf(status)])
  if (output === 'json') {
    standardOutput().write(`${JSON.stringify([...interfaces, ...links], undefined, 2)}\n`)
    return
  }
  const paint = paintFor(standardOutput())
  const texts = [
    ...interfaces.map((one) => formatInterface(one, { paint, nowMs: Date.now() })),
    ...links.map((one) => formatLink(one, paint)),
  ]
  standardOutput().write(texts.join('\n'))
}

function noSuchInterface(name: string, there: readonly { readonly name: string }[]): BadInput {
  const hint =
    there.length === 0 ? 'There is none here.' : `There is ${there.map((one) => one.name).join(', ')}.`
  return new BadInput([{ code: 'InvalidArgument', path: name, message: 'no such interface', hint }])
}

function nodeNames(status: AgentStatus | undefined): ReadonlyMap<string, string> {
  const peers = status?.interfaces.flatMap((one) => one.peers) ?? []
  return new Map(
    peers.flatMap((peer) => (peer.node === undefined ? [] : [[peer.publicKey, peer.node] as const])),
  )
}

function toShown(one: RunningInterface, nodes: ReadonlyMap<string, string>): ShownInterface {
  const { device } = one
  return {
    name: one.name,
    backend: one.backend,
    up: one.up,
    mtuBytes: one.mtuBytes,
    addresses: one.addresses.map((address) =>
      address.peer === undefined
        ? `${address.local}/${address.prefixLength}`
        : `${address.local} peer ${address.peer}/${address.prefixLength}`,
    ),
    publicKey: device.privateKey === undefined ? null : publicKeyOf(device.privateKey),
    listenPort: device.listenPort,
    fwmark: device.fwmark,
    peers: device.peers
      .map(
        (peer): ShownPeer => ({
          publicKey: peer.publicKey,
          node: nodes.get(peer.publicKey) ?? null,
          hasPresharedKey: peer.presharedKey !== undefined,
          endpoint: peer.endpoint ?? null,
          allowedIPs: peer.allowedIPs,
          lastHandshakeMs: peer.lastHandshakeSeconds === 0 ? null : peer.lastHandshakeSeconds * 1000,
          rxBytes: peer.rxBytes,
          txBytes: peer.txBytes,
          persistentKeepaliveSeconds: peer.persistentKeepaliveSeconds,
        }),
      )
      .toSorted(byName),
  }
}

/** Those with a name first, by it; the others as the device has them. */
function byName(a: ShownPeer, b: ShownPeer): number {
  if (a.node === null || b.node === null) return Number(a.node === null) - Number(b.node === null)
  return naturally.compare(a.node, b.node)
}

const naturally = new Intl.Collator('en', { numeric: true })

interface Look {
  readonly paint: Paint
  readonly nowMs: number
}

export function formatInterface(one: ShownInterface, { paint, nowMs }: Look): string {
  const lines = [
    `${paint.green('interface')}: ${paint.bold(one.name)} (${one.backend}${one.up ? '' : ', down'})`,
    `  public key: ${one.publicKey ?? '(none)'}`,
    `  listening port: ${one.listenPort}`,
    ...(one.fwmark === 0 ? [] : [`  fwmark: 0x${one.fwmark.toString(16)}`]),
    `  addresses: ${one.addresses.join(', ') || '(none)'}`,
    `  mtu: ${one.mtuBytes}`,
  ]
  return `${lines.join('\n')}\n${one.peers.map((peer) => `\n${formatPeer(peer, { paint, nowMs })}`).join('')}`
}

function formatPeer(peer: ShownPeer, { paint, nowMs }: Look): string {
  const lines = [
    `${paint.yellow('peer')}: ${paint.bold(peer.publicKey)}${peer.node === null ? '' : ` (${peer.node})`}`,
  ]
  if (peer.hasPresharedKey) lines.push('  preshared key: (hidden)')
  if (peer.endpoint !== null) lines.push(`  endpoint: ${peer.endpoint}`)
  lines.push(`  allowed ips: ${peer.allowedIPs.join(', ') || '(none)'}`)
  if (peer.lastHandshakeMs !== null) lines.push(`  latest handshake: ${ago(nowMs - peer.lastHandshakeMs)}`)
  if (peer.rxBytes + peer.txBytes > 0) {
    lines.push(`  transfer: ${amount(peer.rxBytes)} received, ${amount(peer.txBytes)} sent`)
  }
  if (peer.persistentKeepaliveSeconds > 0) {
    lines.push(`  persistent keepalive: every ${peer.persistentKeepaliveSeconds} seconds`)
  }
  return `${lines.join('\n')}\n`
}

function ago(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1000))
  if (seconds < 60) return `${seconds} s ago`
  const minutes = Math.floor(seconds / 60)
  if (minutes < 60) return `${minutes} min ${seconds % 60} s ago`
  const hours = Math.floor(minutes / 60)
  return hours < 48 ? `${hours} h ${minutes % 60} min ago` : `${Math.floor(hours / 24)} days ago`
}

const UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB'] as const

function amount(bytes: number): string {
  const power = Math.min(UNITS.length - 1, bytes < 1 ? 0 : Math.floor(Math.log2(bytes) / 10))
  return `${power === 0 ? bytes : (bytes / 1024 ** power).toFixed(2)} ${UNITS[power]}`
}
