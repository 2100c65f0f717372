/**
 * WireGuard interfaces of every make, started and configured alike, for tests that let one talk to another:
 * the kernel's, wireguard-go's and ours. All of them are configured with `wg setconf`, so what differs is only the
 * implementation behind the interface.
 */
import { generateKeyPairSync } from 'node:crypto'
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { eventually } from './eventually.ts'
import type { Namespace } from './namespace.ts'
import type { Needs } from './needs.ts'

export interface KeyPair {
  readonly privateKey: string
  readonly publicKey: string
}

/** Base64, as wg(8) prints them. */
export function makeKeyPair(): KeyPair {
  const { privateKey, publicKey } = generateKeyPairSync('x25519')
  const raw = (key: typeof privateKey, field: 'd' | 'x') =>
    Buffer.from(key.export({ format: 'jwk' })[field] ?? '', 'base64url').toString('base64')
  return { privateKey: raw(privateKey, 'd'), publicKey: raw(publicKey, 'x') }
}

export interface WireGuardMake {
  readonly name: string
  readonly needs: Needs
  /** wireguard-go 0.0.20220316 goes on using the source address that it has lost. */
  readonly survivesItsOwnMove: boolean
  /** Makes the interface in the host; it is down and without keys. */
  start(host: Namespace, iface: string): Promise<RunningEnd>
}

export interface RunningEnd {
  /** Kills the process behind the interface, or does nothing where there is none. */
  kill(): void
}

export const kernelWireGuard: WireGuardMake = {
  name: 'the kernel',
  survivesItsOwnMove: true,
  needs: { root: true, kernel: ['wireguard'], tools: ['wg', 'ip', 'ping', 'nsenter'] },
  start: async (host, iface) => {
    await host.exec(`ip link add ${iface} type wireguard`)
    return { kill: () => {} }
  },
}

export const wireguardGo: WireGuardMake = {
  name: 'wireguard-go',
  survivesItsOwnMove: false,
  needs: { root: true, kernel: ['tun'], tools: ['wireguard-go', 'wg', 'ip', 'ping', 'nsenter'] },
  start: (host, iface) =>
    startProcess(host, iface, {
      program: 'wireguard-go',
      args: ['--foreground', iface],
      env: { WG_I_PREFER_BUGGY_USERSPACE_TO_POLISHED_KMOD: '1' },
    }),
}

export const warrenDevice: WireGuardMake = {
  name: 'warren device',
  survivesItsOwnMove: true,
  needs: { root: true, kernel: ['tun'], tools: ['wg', 'ip', 'ping', 'nsenter'] },
  start: (host, iface) =>
    startProcess(host, iface, { program: resolve('bin/warren'), args: ['device', iface] }),
}

interface ProcessOfEnd {
  readonly program: string
  readonly args: readonly string[]
  readonly env?: NodeJS.ProcessEnv
}

async function startProcess(
  host: Namespace,
  iface: string,
  { program, args, env }: ProcessOfEnd,
): Promise<RunningEnd> {
  // A process that was killed leaves its socket; what we wait for is the new one.
  rmSync(host.pathOf(`/run/wireguard/${iface}.sock`), { force: true })
  const child = host.spawn(program, args, env)
  let output = ''
  child.stdout?.on('data', (chunk: Buffer) => (output += chunk.toString()))
  child.stderr?.on('data', (chunk: Buffer) => (output += chunk.toString()))
  const ready = () => {
    if (child.exitCode !== null) throw new Error(`${program} ended with ${child.exitCode}: ${output}`)
    return existsSync(host.pathOf(`/run/wireguard/${iface}.sock`))
  }
  await eventually(ready, { timeoutMs: 40_000, what: `${program} serves ${iface}: ${output}` })
  return { kill: () => child.kill('SIGKILL') }
}

export interface PeerOfEnd {
  readonly publicKey: string
  readonly allowedIPs: readonly string[]
  readonly endpoint?: string
  readonly presharedKey?: string
  readonly keepalive?: number
}

export interface ConfigOfEnd {
  readonly privateKey: string
  readonly listenPort: number
  readonly addresses: readonly string[]
  readonly peers: readonly PeerOfEnd[]
}

/** Gives the interface its keys, peers and addresses, and sets it up. */
export async function configureEnd(host: Namespace, iface: string, config: ConfigOfEnd): Promise<void> {
  await setconf(host, iface, config)
  for (const address of config.addresses) await host.exec(`ip address replace ${address} dev ${iface} nodad`)
  await host.exec(`ip link set ${iface} up mtu 1420`)
}

export async function setconf(host: Namespace, iface: string, config: ConfigOfEnd): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'warren-end-'))
  try {
    const file = join(folder, 'conf')
    writeFileSync(file, formatConfig(config), { mode: 0o600 })
    await host.exec(`wg setconf ${iface} ${file}`)
  } finally {
    rmSync(folder, { recursive: true })
  }
}

function formatConfig({ privateKey, listenPort, peers }: ConfigOfEnd): string {
  const sections = peers.map((peer) =>
    [
      '[Peer]',
      `PublicKey = ${peer.publicKey}`,
      `AllowedIPs = ${peer.allowedIPs.join(', ')}`,
      ...(peer.endpoint === undefined ? [] : [`Endpoint = ${peer.endpoint}`]),
      ...(peer.presharedKey === undefined ? [] : [`PresharedKey = ${peer.presharedKey}`]),
      ...(peer.keepalive === undefined ? [] : [`PersistentKeepalive = ${peer.keepalive}`]),
    ].join('\n'),
  )
  return [
    '[Interface]',
    `PrivateKey = ${privateKey}`,
    `ListenPort = ${listenPort}`,
    '',
    ...sections,
    '',
  ].join('\n')
}

/** What `wg show IFACE dump` says of the only peer. Times are Unix seconds, 0 for never. */
export interface PeerSeen {
  readonly endpoint: string
  readonly latestHandshake: number
  readonly rxBytes: number
  readonly txBytes: number
}

export async function peerSeen(host: Namespace, iface: string): Promise<PeerSeen> {
  const [, line = ''] = (await host.exec(`wg show ${iface} dump`)).split('\n')
  const [, , endpoint = '', , latestHandshake, rxBytes, txBytes] = line.split('\t')
  return {
    endpoint,
    latestHandshake: Number(latestHandshake),
    rxBytes: Number(rxBytes),
    txBytes: Number(txBytes),
  }
}
