/**
 * UAPI requests on a running device: values of the text protocol turned into those of the state machine, and the two
 * things that are the socket's and not the state machine's, listen port and mark.
 */
import { networkInterfaces } from 'node:os'
import {
  formatUapiGet,
  parseAddress,
  parseEndpoint,
  type UapiChange,
  type UapiPeer,
} from '../protocols/wireguard/formats/index.ts'
import type {
  DeviceChange,
  PeerConfigChange,
  PeerSnapshot,
  WireGuardDevice,
} from '../protocols/wireguard/index.ts'
import type { EndpointTable, UdpEndpoint } from '../datagrams/index.ts'
import type { UapiHandler } from './uapi-session.ts'
import type { UdpPorts } from '../datagrams/index.ts'

export interface UapiHandlerOptions {
  readonly wireguard: WireGuardDevice
  readonly endpoints: EndpointTable
  readonly ports: UdpPorts
  /** What the sockets were marked with while we could. */
  readonly fwmark: number
  readonly nowMs: () => number
  /** New sockets are to be watched. */
  readonly onListen: () => void
  /** After any change: there may be something to send, and another deadline. */
  readonly onChange: () => void
}

const EPERM = 1
const EINVAL = 22

export function uapiHandler(options: UapiHandlerOptions): UapiHandler {
  return {
    get: () => {
      const { privateKey, peers } = options.wireguard.snapshot()
      const { fwmark, ports } = options
      return formatUapiGet({ privateKey, listenPort: ports.port, fwmark, peers: peers.map(describePeer) })
    },
    set: (change) => apply(options, change),
  }
}

/** Either everything or, where a request cannot be had, nothing. */
function apply(options: UapiHandlerOptions, change: UapiChange): void {
  if (change.fwmark !== undefined && change.fwmark !== options.fwmark) {
    throw refusal(
      'the mark is given at the start (--fwmark): setting it takes a capability that is gone',
      EPERM,
    )
  }
  const wanted: DeviceChange = {
    ...(change.privateKey === undefined ? {} : { privateKey: change.privateKey }),
    ...(change.replacePeers === undefined ? {} : { replacePeers: change.replacePeers }),
    peers: change.peers.map((peer) => peerChange(peer, options.endpoints)),
  }
  if (change.listenPort !== undefined) {
    options.ports.listen(change.listenPort)
    options.onListen()
  }
  options.wireguard.configure(wanted, options.nowMs())
  options.onChange()
}

function peerChange(peer: UapiChange['peers'][number], endpoints: EndpointTable): PeerConfigChange {
  const { endpoint, ...rest } = peer
  return endpoint === undefined ? rest : { ...rest, endpoint: resolve(endpoint, endpoints) }
}

function resolve(text: string, endpoints: EndpointTable): UdpEndpoint {
  const parsed = parseEndpoint(text)
  const [address = '', zone] = parsed?.host.split('%') ?? []
  const scopeId = zone === undefined ? 0 : linkIndex(zone)
  if (parsed === undefined || parseAddress(address) === undefined || scopeId === undefined) {
    throw refusal('an endpoint is an address and a port', EINVAL)
  }
  return endpoints.of(address, parsed.port, scopeId === 0 ? undefined : scopeId)
}

/** `wg` writes zones by name. */
function linkIndex(zone: string): number | undefined {
  if (/^\d{1,9}$/.test(zone)) return Number(zone)
  return networkInterfaces()[zone]?.find((address) => address.family === 'IPv6' && address.scopeid !== 0)
    ?.scopeid
}

function describePeer(peer: PeerSnapshot): UapiPeer {
  const { lastHandshakeMs, endpoint, ...rest } = peer
  const seconds = lastHandshakeMs === undefined ? 0 : Math.floor(lastHandshakeMs / 1000)
  return {
    ...rest,
    endpoint: endpoint === undefined ? undefined : endpointText(endpoint),
    lastHandshakeSeconds: seconds,
    lastHandshakeNanoseconds:
      lastHandshakeMs === undefined ? 0 : Math.floor((lastHandshakeMs - seconds * 1000) * 1e6),
    protocolVersion: 1,
  }
}

function endpointText({ address, port, scopeId }: NonNullable<PeerSnapshot['endpoint']>): string {
  if (!address.includes(':')) return `${address}:${port}`
  return scopeId === undefined ? `[${address}]:${port}` : `[${address}%${scopeId}]:${port}`
}

function refusal(message: string, errno: number): Error {
  return Object.assign(new Error(message), { errno })
}
