/** A snapshot of a tunnel for people and metrics; what is secret is not in it. */
import type { OuterPort } from './outer-port.ts'
import { addressText, type PeerEndpoints } from './peer-endpoints.ts'
import type { TunnelSettings } from './settings.ts'
import type { TunnelStatus } from './tunnel-api.ts'
import type { TunnelCore } from './tunnel-core.ts'

export interface StatusParts {
  readonly settings: TunnelSettings
  readonly core: TunnelCore
  readonly outer: OuterPort
  readonly endpoints: PeerEndpoints
  readonly engine: TunnelStatus['engine']
  readonly names: Readonly<Record<string, number>>
}

export function statusOf({ settings, core, outer, endpoints, engine, names }: StatusParts): TunnelStatus {
  const device = core.wireguard.snapshot()
  return {
    name: settings.name,
    publicKey: device.publicKey ?? '',
    addresses: settings.addresses,
    mtuBytes: settings.mtuBytes,
    dns: settings.dns,
    listenPort: outer.port,
    engine,
    peers: device.peers.map((peer) => ({
      publicKey: peer.publicKey,
      configuredEndpoint: endpoints.configuredOf(peer.publicKey),
      endpoint: addressText(peer.endpoint),
      latestHandshakeMs: peer.lastHandshakeMs,
      rxBytes: peer.rxBytes,
      txBytes: peer.txBytes,
      allowedIPs: peer.allowedIPs,
      state: endpoints.stateOf(peer.publicKey),
      trouble: endpoints.troubleOf(peer.publicKey),
    })),
    connections: core.connections,
    counters: {
      ...prefixed('stack', core.stack.counters),
      ...prefixed('wireguard-drop', core.wireguard.drops),
      ...prefixed('outer', outer.counters),
      ...prefixed('tunnel', core.counters),
      ...prefixed('dns', names),
    },
  }
}

/** `outer` and `sendErrors`: `outer-send-errors`. */
function prefixed(prefix: string, counters: Readonly<Record<string, number>>): Record<string, number> {
  return Object.fromEntries(
    Object.entries(counters).map(([name, count]) => {
      const words = name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)
      return [`${prefix}-${words}`, count]
    }),
  )
}
