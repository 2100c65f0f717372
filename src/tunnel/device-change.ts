/** Settings as the words of a WireGuard device. Endpoints are left out: peer-endpoints.ts finds them. */
import { ZERO_KEY } from '../protocols/wireguard/formats/index.ts'
import type { DeviceChange, PeerConfigChange } from '../protocols/wireguard/index.ts'
import type { TunnelPeerSettings, TunnelSettings } from './settings.ts'

export function firstChange({ privateKey, listenPort, peers }: TunnelSettings): DeviceChange {
  return { privateKey, listenPort, replacePeers: true, peers: peers.map(peerChange) }
}

/**
 * From one to the other. Peers that stay keep their session and their place, so connections through them go on. With
 * another private key every session is new; connections bear that, too, if their addresses stay.
 */
export function changeBetween(before: TunnelSettings, after: TunnelSettings): DeviceChange {
  const stays = new Set(after.peers.map(({ publicKey }) => publicKey))
  const gone = before.peers.filter(({ publicKey }) => !stays.has(publicKey))
  return {
    ...(before.privateKey === after.privateKey ? {} : { privateKey: after.privateKey }),
    listenPort: after.listenPort,
    peers: [
      ...gone.map(({ publicKey }) => ({ publicKey, remove: true })),
      // A prefix that moves from one peer to another must be taken from the first before the second gets it.
      ...after.peers.map(peerChange),
    ],
  }
}

const peerChange = (peer: TunnelPeerSettings): PeerConfigChange => ({
  publicKey: peer.publicKey,
  presharedKey: peer.presharedKey ?? ZERO_KEY,
  persistentKeepaliveSeconds: peer.persistentKeepaliveSeconds,
  replaceAllowedIPs: true,
  allowedIPs: peer.allowedIPs,
})
