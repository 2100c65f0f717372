/** Hosts that the tests of reachability start from, written as one would see them. Not a test itself. */
import type {
  RoutingView,
  ViewAddress,
  ViewDevice,
  ViewLink,
  ViewRoute,
  ViewRule,
} from './reachability-view.ts'
import { familyOf, LOCAL_TABLE, MAIN_TABLE, ROUTE } from './reachability-view.ts'

/** An index for each. */
const NUMBERS: string[] = []

export const viewLink = (name: string, change: Partial<ViewLink> = {}): ViewLink => ({
  ...{
    index: NUMBERS.push(name),
    name,
    kind: '',
    up: true,
  },
  settings: {},
  ...change,
})

/** `10.0.0.1/24 wg0` */
export const viewAddress = (text: string): ViewAddress => {
  const [prefix = '', link = ''] = text.split(' ')
  const [local = '', length] = prefix.split('/')
  return { link, local, prefixLength: Number(length), scope: 0 }
}

/** `10.0.0.0/24 via 192.0.2.1 dev eth0 table 100 metric 5`, `blackhole 10.0.0.0/8`. */
export const viewRoute = (text: string): ViewRoute => {
  const words = text.split(' ')
  const type = words[0] !== undefined && words[0] in ROUTE ? (words.shift() as keyof typeof ROUTE) : 'unicast'
  const [destination = ''] = words
  const word = (name: string): string | undefined =>
    words.includes(name) ? words[words.indexOf(name) + 1] : undefined
  const src = word('src')
  return {
    destination: destination === 'default' ? '0.0.0.0/0' : destination,
    table: Number(word('table') ?? (type === 'local' ? LOCAL_TABLE : MAIN_TABLE)),
    link: word('dev'),
    gateway: word('via'),
    metric: Number(word('metric') ?? (familyOf(destination) === 'inet6' ? 1024 : 0)),
    type: ROUTE[type],
    ...(src === undefined ? {} : { preferredSource: src }),
  }
}

export const DEFAULT_RULES: readonly ViewRule[] = (['inet', 'inet6'] as const).flatMap((family) =>
  [
    { priority: 0, table: LOCAL_TABLE },
    { priority: 32_766, table: MAIN_TABLE },
    { priority: 32_767, table: 253 },
  ].map((rule) => ({ ...rule, family, action: 1 })),
)

export interface SampleView {
  readonly links?: readonly ViewLink[]
  readonly addresses?: readonly string[]
  readonly routes?: readonly string[]
  readonly rules?: readonly ViewRule[]
  readonly wireguard?: readonly ViewDevice[]
}

/** eth0 192.0.2.2/24 with a default route by 192.0.2.1, and whatever else is given. */
export const view = (more: SampleView = {}): RoutingView => ({
  links: [viewLink('lo'), viewLink('eth0'), ...(more.links ?? [])],
  addresses: ['192.0.2.2/24 eth0', '2001:db8::2/64 eth0', ...(more.addresses ?? [])].map(viewAddress),
  routes: [
    'local 192.0.2.2/32 dev eth0',
    '192.0.2.0/24 dev eth0 src 192.0.2.2',
    'default via 192.0.2.1 dev eth0',
    'local 2001:db8::2/128 dev eth0',
    '2001:db8::/64 dev eth0 metric 256',
    '::/0 via 2001:db8::1 dev eth0',
    ...(more.routes ?? []),
  ].map(viewRoute),
  rules: [...DEFAULT_RULES, ...(more.rules ?? [])],
  wireguard: more.wireguard ?? [],
})

/** The same with wg0 10.0.0.2/24, whose peer at 198.51.100.1:51820 takes 10.0.0.0/24. */
export const behindTunnel = (more: SampleView = {}): RoutingView =>
  view({
    ...more,
    links: [viewLink('wg0', { kind: 'wireguard' }), ...(more.links ?? [])],
    addresses: ['10.0.0.2/24 wg0', ...(more.addresses ?? [])],
    routes: ['local 10.0.0.2/32 dev wg0', '10.0.0.0/24 dev wg0 src 10.0.0.2', ...(more.routes ?? [])],
    wireguard: [
      {
        ...{ link: 'wg0', publicKey: 'own', listenPort: 51820, fwmark: 0 },
        peers: [
          {
            publicKey: 'HUB',
            presharedKeyDigest: undefined,
            endpoint: '198.51.100.1:51820',
            allowedIPs: ['10.0.0.0/24'],
          },
        ],
      },
      ...(more.wireguard ?? []),
    ],
  })
