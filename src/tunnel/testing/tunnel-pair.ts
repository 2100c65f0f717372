/**
 * Two tunnels of this process that are each other's peer, over an Internet in memory and in virtual time:
 *
 *   left 10.8.0.1, fd00:8::1 ── 192.0.2.1:51820 ── network ── 192.0.2.2:51820 ── right 10.8.0.2, fd00:8::2
 */
import { generateKeyPairSync } from 'node:crypto'
import { openTunnel, type OpenTunnelOptions } from '../open-tunnel.ts'
import type { EndpointText } from '../../protocols/wireguard/formats/index.ts'
import type { TunnelPeerSettings, TunnelSettings } from '../settings.ts'
import type { Tunnel } from '../tunnel-api.ts'
import { MemoryNetwork, type MemoryOuter } from './memory-network.ts'
import { VirtualEngine } from './virtual-engine.ts'

export interface TunnelPair {
  readonly engine: VirtualEngine
  readonly network: MemoryNetwork
  readonly left: Tunnel
  readonly right: Tunnel
  readonly leftOuter: MemoryOuter
  readonly rightOuter: MemoryOuter
  readonly leftSettings: TunnelSettings
  readonly rightSettings: TunnelSettings
  readonly close: () => Promise<void>
}

export interface TunnelPairOptions {
  readonly mtuBytes?: number
  readonly left?: Partial<TunnelSettings>
  readonly right?: Partial<TunnelSettings>
  /** What the left side knows the right one by; then that one does not begin. Default: both know addresses. */
  readonly named?: EndpointText
  readonly options?: Partial<OpenTunnelOptions>
}

export const LEFT = { outer: '192.0.2.1', inner: '10.8.0.1', inner6: 'fd00:8::1' }
export const RIGHT = { outer: '192.0.2.2', inner: '10.8.0.2', inner6: 'fd00:8::2' }
const PORT = 51820

export async function openTunnelPair(o: TunnelPairOptions = {}): Promise<TunnelPair> {
  const engine = new VirtualEngine()
  const network = new MemoryNetwork(engine)
  const [leftOuter, rightOuter] = [network.host(LEFT.outer), network.host(RIGHT.outer)]
  const [leftKeys, rightKeys] = [makeKeys(), makeKeys()]
  const base = { listenPort: PORT, dns: [], searchDomains: [], mtuBytes: o.mtuBytes ?? 1420 }
  const leftSettings: TunnelSettings = {
    ...{ ...base, name: 'left', privateKey: leftKeys.privateKey, addresses: [LEFT.inner, LEFT.inner6] },
    peers: [peer(rightKeys.publicKey, o.named ?? { host: RIGHT.outer, port: PORT })],
    ...o.left,
  }
  const rightSettings: TunnelSettings = {
    ...{ ...base, name: 'right', privateKey: rightKeys.privateKey, addresses: [RIGHT.inner, RIGHT.inner6] },
    peers: [peer(leftKeys.publicKey, o.named ? undefined : { host: LEFT.outer, port: PORT })],
    ...o.right,
  }
  const left = await openTunnel({ engine, outer: leftOuter, settings: leftSettings, ...o.options })
  const right = await openTunnel({ engine, outer: rightOuter, settings: rightSettings, ...o.options })
  const close = async () => {
    await left.close()
    await right.close()
  }
  return { engine, network, left, right, leftOuter, rightOuter, leftSettings, rightSettings, close }
}

const peer = (publicKey: string, endpoint: EndpointText | undefined): TunnelPeerSettings => ({
  publicKey,
  ...(endpoint === undefined ? {} : { endpoint }),
  allowedIPs: ['10.8.0.0/24', 'fd00:8::/64'],
  persistentKeepaliveSeconds: 0,
})

/** Base64, as wg(8) prints them. */
export function makeKeys(): { readonly privateKey: string; readonly publicKey: string } {
  const { privateKey, publicKey } = generateKeyPairSync('x25519')
  const raw = (key: typeof privateKey, field: 'd' | 'x') =>
    Buffer.from(key.export({ format: 'jwk' })[field] ?? '', 'base64url').toString('base64')
  return { privateKey: raw(privateKey, 'd'), publicKey: raw(publicKey, 'x') }
}
