/**
 * The two ways to drive a WireGuard interface: the kernel's by generic netlink, a process's by UAPI. Both take
 * the same change and show the same observation; test/contracts/backend.test.ts holds them together.
 */
import { decodeBase64, encodeBase64 } from '../model/index.ts'
import type {
  NetnsName,
  ObservedPeer,
  ObservedWireGuard,
  PeerChange,
  WireGuardChange,
} from '../model/index.ts'
import type { WgDevice, WgDeviceChange, WgPeer, WgPeerChange, WireGuardNetlink } from '../linux/index.ts'
import type { UapiChange, UapiDevice, UapiPeerChange } from '../protocols/wireguard/formats/index.ts'
import { peerId } from '../reconcile/index.ts'
import { linkIdIn } from './by-link.ts'
import type { ResolvedKeys } from './host.ts'
import { keyDigest, publicKeyOf } from './key-pair.ts'
import type { UapiConnection } from './uapi-connection.ts'

/** Of one network namespace. Links are named as they are called there; keys are found by `linkIdOf`. */
export interface WireGuardBackend {
  /** Undefined when there is nothing behind the link. */
  observe(link: string): Promise<ObservedWireGuard | undefined>
  set(link: string, change: WireGuardChange, keys: ResolvedKeys): Promise<void>
}

const ZERO_KEY = 'AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA='

const missingKey = (link: string): never => {
  throw new Error(`Cannot set ${link}: its key is not at hand`)
}

/** The text of a change's keys: looked up only here, at the moment they are used. */
const privateKeyOf = (id: string, keys: ResolvedKeys): string =>
  keys.privateKeys.get(id)?.reveal() ?? missingKey(id)

const presharedKeyOf = (
  id: string,
  peer: Extract<PeerChange, { kind: 'set' }>,
  keys: ResolvedKeys,
): string =>
  peer.presharedKey === 'none'
    ? ZERO_KEY
    : (keys.presharedKeys.get(peerId(id, peer.publicKey))?.reveal() ?? missingKey(id))

export class UapiBackend implements WireGuardBackend {
  readonly #connection: (id: string) => UapiConnection
  readonly #netns: NetnsName
  /** A device that did not change is not looked into again: deriving its public key alone takes 0.1 ms. */
  readonly #observed = new WeakMap<UapiDevice, ObservedWireGuard>()

  constructor(connection: (id: string) => UapiConnection, netns: NetnsName) {
    this.#connection = connection
    this.#netns = netns
  }

  async observe(link: string): Promise<ObservedWireGuard | undefined> {
    const device = await this.#connection(linkIdIn(link, this.#netns)).get()
    if (device === undefined) return undefined
    const observed = this.#observed.get(device) ?? observedFromUapi(link, device)
    this.#observed.set(device, observed)
    return observed
  }

  async set(link: string, change: WireGuardChange, keys: ResolvedKeys): Promise<void> {
    const id = linkIdIn(link, this.#netns)
    const set: UapiChange = {
      ...(change.privateKey === undefined ? {} : { privateKey: privateKeyOf(id, keys) }),
      ...(change.listenPort === undefined ? {} : { listenPort: change.listenPort }),
      ...(change.fwmark === undefined ? {} : { fwmark: change.fwmark }),
      peers: change.peers.map((peer) => uapiPeer(id, peer, keys)),
    }
    await this.#connection(id).set(set)
  }
}

const uapiPeer = (id: string, peer: PeerChange, keys: ResolvedKeys): UapiPeerChange => {
  if (peer.kind === 'remove') return { publicKey: peer.publicKey, remove: true, allowedIPs: [] }
  return {
    publicKey: peer.publicKey,
    ...(peer.create ? {} : { updateOnly: true }),
    ...(peer.presharedKey === undefined ? {} : { presharedKey: presharedKeyOf(id, peer, keys) }),
    ...(peer.endpoint === undefined ? {} : { endpoint: peer.endpoint }),
    ...(peer.persistentKeepaliveSeconds === undefined
      ? {}
      : { persistentKeepaliveSeconds: peer.persistentKeepaliveSeconds }),
    ...(peer.allowedIPs === undefined ? {} : { replaceAllowedIPs: true }),
    allowedIPs: peer.allowedIPs ?? [],
  }
}

const observedFromUapi = (link: string, device: UapiDevice): ObservedWireGuard => ({
  link,
  backend: 'userspace',
  publicKey: device.privateKey === undefined ? undefined : publicKeyOf(device.privateKey),
  listenPort: device.listenPort,
  fwmark: device.fwmark,
  peers: device.peers.map(
    (p): ObservedPeer => ({
      publicKey: p.publicKey,
      presharedKeyDigest: p.presharedKey === undefined ? undefined : keyDigest(p.presharedKey),
      endpoint: p.endpoint === undefined ? undefined : unmapped(p.endpoint),
      allowedIPs: p.allowedIPs.toSorted(),
      persistentKeepaliveSeconds: p.persistentKeepaliveSeconds,
      lastHandshakeMs:
        p.lastHandshakeSeconds === 0
          ? undefined
          : p.lastHandshakeSeconds * 1000 + Math.floor(p.lastHandshakeNanoseconds / 1e6),
      rxBytes: p.rxBytes,
      txBytes: p.txBytes,
    }),
  ),
})

/** A device with one dual-stack socket may show IPv4 peers as mapped addresses. */
const unmapped = (endpoint: string): string =>
  endpoint.replace(/^\[::ffff:(\d+\.\d+\.\d+\.\d+)\]:(\d+)$/, '$1:$2')

export class KernelBackend implements WireGuardBackend {
  readonly #netlink: WireGuardNetlink
  readonly #netns: NetnsName

  constructor(netlink: WireGuardNetlink, netns: NetnsName) {
    this.#netlink = netlink
    this.#netns = netns
  }

  observe(link: string): Promise<ObservedWireGuard | undefined> {
    const device = this.#netlink.getDevice(link)
    return Promise.resolve(device === undefined ? undefined : observedFromKernel(device))
  }

  set(link: string, change: WireGuardChange, keys: ResolvedKeys): Promise<void> {
    const id = linkIdIn(link, this.#netns)
    const set: WgDeviceChange = {
      ...(change.privateKey === undefined ? {} : { privateKey: keyBytes(privateKeyOf(id, keys)) }),
      ...(change.listenPort === undefined ? {} : { listenPort: change.listenPort }),
      ...(change.fwmark === undefined ? {} : { fwmark: change.fwmark }),
      peers: change.peers.map((peer) => kernelPeer(id, peer, keys)),
    }
    this.#netlink.setDevice(link, set)
    return Promise.resolve()
  }
}

const keyBytes = (text: string): Uint8Array => decodeBase64(text) ?? new Uint8Array(32)

const kernelPeer = (id: string, peer: PeerChange, keys: ResolvedKeys): WgPeerChange => {
  const publicKey = keyBytes(peer.publicKey)
  if (peer.kind === 'remove') return { publicKey, remove: true }
  return {
    publicKey,
    ...(peer.create ? {} : { updateOnly: true }),
    ...(peer.presharedKey === undefined ? {} : { presharedKey: keyBytes(presharedKeyOf(id, peer, keys)) }),
    ...(peer.endpoint === undefined ? {} : { endpoint: parseEndpointText(peer.endpoint) }),
    ...(peer.persistentKeepaliveSeconds === undefined
      ? {}
      : { persistentKeepaliveSeconds: peer.persistentKeepaliveSeconds }),
    ...(peer.allowedIPs === undefined ? {} : { replaceAllowedIPs: true, allowedIPs: peer.allowedIPs }),
  }
}

const parseEndpointText = (text: string): { address: string; port: number } => {
  const colon = text.lastIndexOf(':')
  return { address: text.slice(0, colon).replace(/^\[|\]$/g, ''), port: Number(text.slice(colon + 1)) }
}

const observedFromKernel = (device: WgDevice): ObservedWireGuard => ({
  link: device.name,
  backend: 'kernel',
  publicKey: device.publicKey === undefined ? undefined : encodeBase64(device.publicKey),
  listenPort: device.listenPort,
  fwmark: device.fwmark,
  peers: device.peers.map(observedKernelPeer),
})

const observedKernelPeer = (p: WgPeer): ObservedPeer => ({
  publicKey: encodeBase64(p.publicKey),
  presharedKeyDigest: p.presharedKey === undefined ? undefined : keyDigest(encodeBase64(p.presharedKey)),
  endpoint: p.endpoint === undefined ? undefined : kernelEndpoint(p.endpoint),
  allowedIPs: p.allowedIPs.toSorted(),
  persistentKeepaliveSeconds: p.persistentKeepaliveSeconds,
  lastHandshakeMs: p.lastHandshakeMs,
  rxBytes: p.rxBytes,
  txBytes: p.txBytes,
})

const kernelEndpoint = (e: { readonly address: string; readonly port: number }): string =>
  e.address.includes(':') ? `[${e.address}]:${e.port}` : `${e.address}:${e.port}`
