/**
 * Every WireGuard interface of this machine with all it is made of: the kernel's over generic netlink, others
 * over the UAPI socket of the process behind them. Private keys are in here; callers decide what becomes of them.
 */
import {
  type Address,
  type Link,
  loadSyscalls,
  RouteNetlink,
  type Route,
  type WgDevice,
  WireGuardNetlink,
} from '../../linux/index.ts'
import {
  encodeKey,
  formatEndpoint,
  type UapiDevice,
  type UapiPeer,
} from '../../protocols/wireguard/formats/index.ts'
import { MissingHere } from '../exit.ts'

export interface RunningInterface {
  readonly name: string
  readonly backend: 'kernel' | 'userspace'
  readonly up: boolean
  readonly mtuBytes: number
  readonly addresses: readonly Address[]
  readonly routes: readonly Route[]
  readonly device: UapiDevice
}

const SOCKET_DIRECTORY = '/run/wireguard'

/** Sorted by name. Throws MissingHere when this user may not look. */
export async function readRunning(): Promise<RunningInterface[]> {
  const sys = loadSyscalls()
  const route = RouteNetlink.open(sys)
  const kernel = WireGuardNetlink.open(sys)
  try {
    const [addresses, routes] = [route.addresses(), route.routes()]
    const found: RunningInterface[] = []
    for (const link of route.links().toSorted((a, b) => (a.name < b.name ? -1 : 1))) {
      const device =
        link.kind === 'wireguard' ? fromKernel(kernel?.getDevice(link.name)) : await fromSocket(link)
      if (!device) continue
      found.push({
        name: link.name,
        backend: link.kind === 'wireguard' ? 'kernel' : 'userspace',
        up: link.up,
        mtuBytes: link.mtuBytes,
        addresses: addresses.filter((address) => address.linkIndex === link.index),
        routes: routes.filter((one) => one.linkIndex === link.index),
        device,
      })
    }
    return found
  } catch (error) {
    throw explained(error)
  } finally {
    kernel?.close()
    route.close()
  }
}

function explained(error: unknown): unknown {
  const code = (error as { code?: unknown }).code
  if (code !== 'EPERM' && code !== 'EACCES') return error
  return new MissingHere('looking at WireGuard interfaces needs CAP_NET_ADMIN; run this as root')
}

function fromKernel(device: WgDevice | undefined): UapiDevice | undefined {
  if (!device) return undefined
  const { privateKey, listenPort, fwmark } = device
  const peers = device.peers.map(
    (peer): UapiPeer => ({
      publicKey: encodeKey(peer.publicKey),
      presharedKey: peer.presharedKey && encodeKey(peer.presharedKey),
      endpoint: peer.endpoint && formatEndpoint({ host: peer.endpoint.address, port: peer.endpoint.port }),
      allowedIPs: peer.allowedIPs,
      persistentKeepaliveSeconds: peer.persistentKeepaliveSeconds,
      lastHandshakeSeconds: Math.floor((peer.lastHandshakeMs ?? 0) / 1000),
      lastHandshakeNanoseconds: ((peer.lastHandshakeMs ?? 0) % 1000) * 1_000_000,
      rxBytes: peer.rxBytes,
      txBytes: peer.txBytes,
      protocolVersion: 1,
    }),
  )
  return { privateKey: privateKey && encodeKey(privateKey), listenPort, fwmark, peers }
}

/** Undefined when there is no socket, or nobody behind it any more: a process that crashed leaves its file. */
async function fromSocket(link: Link): Promise<UapiDevice | undefined> {
  if (link.kind !== 'tun') return undefined
  // With it comes a whole WireGuard, which a machine without userspace interfaces need not load.
  const { UapiClient, uapiSocketPath } = await import('../../device/index.ts')
  try {
    return await new UapiClient(uapiSocketPath(SOCKET_DIRECTORY, link.name)).get()
  } catch (error) {
    const { code } = error as { readonly code?: unknown }
    if (code === 'ECONNREFUSED' || code === 'ENOENT') return undefined
    throw error
  }
}
