/** Intents and observations that the tests of this folder start from. Not a test itself. */
import type {
  LinkIntent,
  NodeIntent,
  ObservedContainer,
  ObservedHost,
  ObservedLink,
  ObservedPeer,
  ObservedWireGuard,
  PeerIntent,
  WireGuardIntent,
} from '../model/index.ts'
import { diff } from './diff.ts'
import type { DiffInput } from './difference.ts'
import { render } from './render.ts'

export const KEY = (letter: string): string => `${letter.repeat(42)}A=`

export const wg = (change: Partial<WireGuardIntent> = {}): WireGuardIntent => ({
  name: 'wg0',
  owner: { kind: 'WireGuardNetworkPlan', namespace: 'default', name: 'home' },
  privateKey: { kind: 'node' },
  publicKey: KEY('S'),
  listenPort: 51820,
  fwmark: undefined,
  mtuBytes: 1420,
  addresses: [{ local: '10.0.0.1', prefixLength: 24 }],
  peers: [],
  routes: [],
  rules: [],
  forwards: { inet: false, inet6: false },
  container: undefined,
  ...change,
})

export const peer = (letter: string, change: Partial<PeerIntent> = {}): PeerIntent => ({
  publicKey: KEY(letter),
  node: letter.toLowerCase(),
  presharedKey: undefined,
  endpoint: undefined,
  allowedIPs: ['10.0.0.2/32'],
  persistentKeepaliveSeconds: 0,
  path: 'always',
  ...change,
})

export const node = (...interfaces: WireGuardIntent[]): NodeIntent => ({ node: 'a', interfaces, links: [] })

/** A NetlinkInterface, of the kind it says. */
export const wantedLink = (
  kind: LinkIntent['kind'],
  name: string,
  change: Partial<LinkIntent> = {},
): LinkIntent => ({
  name,
  kind,
  owner: { kind: 'NetlinkInterface', namespace: 'default', name },
  container: undefined,
  settings: {},
  up: true,
  mtuBytes: undefined,
  hardwareAddress: undefined,
  master: undefined,
  ports: undefined,
  forwarding: undefined,
  addresses: [],
  routes: [],
  adopt: false,
  replacePolicy: 'Never',
  ...change,
})

export const nodeWith = (...links: LinkIntent[]): NodeIntent => ({ node: 'a', interfaces: [], links })

export const present = (change: Partial<ObservedHost> = {}): ObservedContainer => {
  const { containers, ...rest } = EMPTY
  void containers
  return { kind: 'present', ...rest, ...change }
}

export const link = (change: Partial<ObservedLink> = {}): ObservedLink => {
  const name = change.name ?? 'wg0'
  return {
    index: 7,
    name,
    kind: 'wireguard',
    up: true,
    mtuBytes: 1420,
    altNames: [`warren-${name}`],
    operState: 'up',
    flags: ['UP'],
    settings: {},
    ...change,
  }
}

export const device = (change: Partial<ObservedWireGuard> = {}): ObservedWireGuard => ({
  link: 'wg0',
  backend: 'kernel',
  publicKey: KEY('S'),
  listenPort: 51820,
  fwmark: 0,
  peers: [],
  ...change,
})

export const seen = (letter: string, change: Partial<ObservedPeer> = {}): ObservedPeer => ({
  publicKey: KEY(letter),
  presharedKeyDigest: undefined,
  endpoint: undefined,
  allowedIPs: ['10.0.0.2/32'],
  persistentKeepaliveSeconds: 0,
  lastHandshakeMs: undefined,
  rxBytes: 0,
  txBytes: 0,
  ...change,
})

export const EMPTY: ObservedHost = {
  links: [],
  addresses: [],
  routes: [],
  rules: [],
  wireguard: [],
  forwarding: [],
  sysctls: {},
  containers: {},
}

/** The host that `wg()` describes. */
export const host = (change: Partial<ObservedHost> = {}): ObservedHost => ({
  ...EMPTY,
  links: [link()],
  addresses: [{ link: 'wg0', local: '10.0.0.1', prefixLength: 24, protocol: 87, scope: 0 }],
  wireguard: [device()],
  ...change,
})

/** What would be typed. */
export const commands = (
  intent: NodeIntent,
  observed: ObservedHost,
  more: Partial<DiffInput> = {},
): string[] =>
  diff({ intent, observed, backend: 'kernel', ...more }).steps.flatMap((step) => render(step).split('\n'))

/** A link of any kind that is ours, up, and on a host that has nothing else. */
export const seenLink = (kind: string, name: string, change: Partial<ObservedLink> = {}): ObservedLink =>
  link({ kind, name, mtuBytes: 1500, ...change })

export const having = (...links: ObservedLink[]): ObservedHost => ({ ...EMPTY, links })

export const linesFor = (observed: ObservedHost, ...links: LinkIntent[]): string[] =>
  commands(nodeWith(...links), observed)
