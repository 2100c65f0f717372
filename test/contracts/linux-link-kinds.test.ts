/**
 * The contract of link kinds: what can be told to each, what the kernel shows of it, and what it changes afterwards.
 * The rows below are the table that reconciling builds on; every row runs on the kernel in memory and on real ones.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isKernelError, type LinkKind, type LinkSettings, type RouteNetlink } from '../../src/linux/index.ts'
import type { LinkKind as Known } from '../../src/model/index.ts'
import { settingsDifference } from '../../src/reconcile/link-settings.ts'
import type { KernelFeature } from '../harness/needs.ts'
import { worlds } from './linux-worlds.ts'

interface Row {
  readonly kind: LinkKind
  readonly kernel: readonly KernelFeature[]
  readonly made: LinkSettings
  /** Besides what was asked for. */
  readonly shown: LinkSettings
  readonly mtuBytes: number
  /** Each is sent alone, and alone is different afterwards. */
  readonly changes: LinkSettings
  /** Each is refused, with EOPNOTSUPP or EINVAL. */
  readonly refused?: LinkSettings
  /** Each is accepted and not done. */
  readonly ignored?: LinkSettings
}

const VXLAN_SHOWN = {
  ...{
    sourcePortLow: 0,
    sourcePortHigh: 0,
    ttl: 0,
    tos: 0,
    learning: true,
    proxy: false,
    ageing: 300,
    limit: 0,
  },
  ...{
    udpChecksum: true,
    udpZeroChecksum6Tx: false,
    udpZeroChecksum6Rx: false,
    l2Miss: false,
    l3Miss: false,
  },
  external: false,
} as const
const VXLAN_CHANGES = { ttl: 9, tos: 16, learning: false, ageing: 77, link: 'p1' } as const
const VXLAN_REFUSED = {
  ...{ id: 8, port: 4790, limit: 5, proxy: true, udpChecksum: false, udpZeroChecksum6Tx: true },
  ...{ udpZeroChecksum6Rx: true, l2Miss: true, l3Miss: true, external: true },
} as const

const IPV4_ENDS = { local: '10.0.0.1', remote: '10.0.0.2' } as const
const IPV6_ENDS = { local: 'fd00::1', remote: 'fd00::2' } as const
const IPV4_SHOWN = { ttl: 0, tos: 0, pathMtuDiscovery: true } as const
const IPV6_SHOWN = { ttl: 64, tos: 0, encapLimit: 4 } as const
const IPV4_CHANGES = {
  ...{ link: 'p1', local: '10.0.0.11', remote: '10.0.0.12', ttl: 9, tos: 16, pathMtuDiscovery: false },
} as const
const IPV6_CHANGES = {
  ...{ link: 'p1', local: 'fd00::11', remote: 'fd00::12', ttl: 9, tos: 16, encapLimit: 5 },
} as const
const KEYS = { inputKey: 7, outputKey: 8 } as const

const ROWS: readonly Row[] = [
  {
    kind: 'bridge',
    kernel: ['bridge', 'vlan'],
    made: {},
    shown: {
      ...{ forwardDelay: 15, helloTime: 2, maxAge: 20, ageingTime: 300, stp: false, priority: 32768 },
      ...{ vlanFiltering: false, vlanProtocol: '802.1Q', groupForwardMask: 0, multicastSnooping: true },
    },
    mtuBytes: 1500,
    changes: {
      ...{ stp: true, forwardDelay: 4, helloTime: 1.5, maxAge: 10, ageingTime: 0, priority: 5 },
      ...{ vlanFiltering: true, vlanProtocol: '802.1ad', groupForwardMask: 8, multicastSnooping: false },
    },
  },
  {
    kind: 'vxlan',
    kernel: ['vxlan'],
    made: { id: 7, link: 'p0', ...{ local: '10.0.0.1', group: '10.0.0.2' }, port: 4789 },
    shown: VXLAN_SHOWN,
    mtuBytes: 1450,
    changes: { ...VXLAN_CHANGES, local: '10.0.0.11', group: '10.0.0.12' },
    refused: { ...VXLAN_REFUSED, group: 'fd00::1', local: 'fd00::1' },
  },
  {
    kind: 'vxlan',
    kernel: ['vxlan'],
    made: { id: 7, link: 'p0', local: 'fd00::1', group: 'fd00::2', port: 4789, ageing: 0 },
    shown: { ...VXLAN_SHOWN, ageing: 0 },
    mtuBytes: 1430,
    changes: { ...VXLAN_CHANGES, local: 'fd00::11', group: 'fd00::12' },
    refused: { ...VXLAN_REFUSED, group: '10.0.0.1', local: '10.0.0.1' },
  },
  {
    kind: 'vxlan',
    kernel: ['vxlan'],
    made: {
      id: 7,
      link: 'p0',
      group: '239.0.0.1',
      port: 4789,
      udpChecksum: false,
      proxy: true,
      l2Miss: true,
    },
    shown: { ...VXLAN_SHOWN, udpChecksum: false, proxy: true, l2Miss: true },
    mtuBytes: 1450,
    changes: { ...VXLAN_CHANGES, group: '239.0.0.2' },
  },
  {
    kind: 'vlan',
    kernel: ['vlan', 'veth'],
    made: { id: 5, link: 'p0' },
    shown: { protocol: '802.1Q', reorderHeader: true },
    mtuBytes: 1500,
    changes: { reorderHeader: false },
    ignored: { id: 6, protocol: '802.1ad' },
  },
  {
    kind: 'vlan',
    kernel: ['vlan', 'veth'],
    made: { id: 4094, link: 'p0', protocol: '802.1ad', reorderHeader: false },
    shown: {},
    mtuBytes: 1500,
    changes: { reorderHeader: true },
  },
  {
    kind: 'vrf',
    kernel: ['vrf'],
    made: { table: 1000 },
    shown: {},
    mtuBytes: 65575,
    changes: {},
    refused: { table: 1001 },
  },
  {
    kind: 'macvlan',
    kernel: ['macvlan', 'veth'],
    made: { link: 'p0', mode: 'bridge' },
    shown: {},
    mtuBytes: 1500,
    changes: { mode: 'private' },
    refused: { mode: 'passthru' },
  },
  {
    kind: 'ipip',
    kernel: ['ipip'],
    made: IPV4_ENDS,
    shown: IPV4_SHOWN,
    mtuBytes: 1480,
    changes: IPV4_CHANGES,
    // One remote, a multicast group or none: that is for good.
    refused: { remote: '239.0.0.1' },
  },
  {
    kind: 'ipip',
    kernel: ['ipip'],
    made: { local: '10.0.0.1' },
    shown: IPV4_SHOWN,
    mtuBytes: 1480,
    changes: { local: '10.0.0.11', ttl: 9 },
    refused: { remote: '10.0.0.2' },
  },
  {
    kind: 'ip6tnl',
    kernel: ['ip6tnl'],
    made: IPV6_ENDS,
    shown: IPV6_SHOWN,
    mtuBytes: 1452,
    changes: IPV6_CHANGES,
  },
  {
    kind: 'ip6tnl',
    kernel: ['ip6tnl'],
    made: { local: 'fd00::1' },
    shown: IPV6_SHOWN,
    mtuBytes: 1452,
    changes: { remote: 'fd00::2' },
  },
  ...(['gre', 'gretap'] as const).map((kind) => ({
    kind,
    kernel: ['gre'] as const,
    made: IPV4_ENDS,
    shown: IPV4_SHOWN,
    mtuBytes: kind === 'gre' ? 1476 : 1462,
    changes: { ...IPV4_CHANGES, ...KEYS, ...(kind === 'gretap' && { remote: '239.0.0.1' }) },
    refused: kind === 'gre' ? { remote: '239.0.0.1' } : {},
  })),
  ...(['ip6gre', 'ip6gretap'] as const).map((kind) => ({
    kind,
    kernel: ['ip6gre'] as const,
    made: { ...IPV6_ENDS, ttl: 3, encapLimit: 2 },
    shown: { tos: 0 },
    mtuBytes: kind === 'ip6gre' ? 1448 : 1434,
    changes: { ...IPV6_CHANGES, ...KEYS },
  })),
  { kind: 'dummy', kernel: ['dummy'], made: {}, shown: {}, mtuBytes: 1500, changes: {} },
]

/** With `link` as the name that it was given. */
const settingsOf = (route: RouteNetlink, name = 'x'): LinkSettings => {
  const { link, ...rest } = route.link(name)?.settings ?? {}
  return typeof link === 'number' ? { ...rest, link: route.link(link)?.name ?? link } : rest
}

/** The links to be over. */
const prepare = (route: RouteNetlink, { made, changes }: Row): void => {
  if (!('link' in made) && !('link' in changes)) return
  for (const name of ['p0', 'p1'])
    route.addLink({ name, kind: 'veth', peer: { name: `${name}-peer` }, up: true })
}

test('what the reconciler takes for changeable is what the kernels change', () => {
  for (const { kind, made, shown, changes, refused = {}, ignored = {} } of ROWS) {
    const have = { ...shown, ...made }
    const decide = (setting: string, value: LinkSettings[string]): string => {
      const { change, fixed } = settingsDifference(kind as Known, { ...made, [setting]: value }, have)
      return fixed.length > 0 ? 'replace' : change === undefined ? 'nothing' : 'change'
    }
    for (const [setting, value] of Object.entries(changes))
      assert.equal(decide(setting, value), 'change', `${kind} ${setting}`)
    for (const [setting, value] of Object.entries({ ...refused, ...ignored }))
      assert.equal(decide(setting, value), 'replace', `${kind} ${setting}`)
  }
})

for (const [at, row] of ROWS.entries()) {
  const { kind, made, shown, mtuBytes, changes, refused = {}, ignored = {} } = row
  for (const { name: world, options, open } of worlds(row.kernel)) {
    const claim = (text: string): string => `${world}: ${kind} (row ${at + 1}) ${text}`

    test(claim('shows what it was told, and the rest as the kernel has it'), options, (t) => {
      const { route } = open(t)
      prepare(route, row)
      route.addLink({ name: 'x', kind, settings: made })
      const link = route.link('x')
      assert.equal(link?.kind, kind)
      assert.equal(link.mtuBytes, mtuBytes)
      assert.deepEqual(settingsOf(route), { ...shown, ...made })
      assert.deepEqual(
        route.links().find((other) => other.name === 'x'),
        link,
      )
    })

    for (const up of [false, true]) {
      test(claim(`changes every setting that it can, alone, while ${up ? 'up' : 'down'}`), options, (t) => {
        const { route } = open(t)
        prepare(route, row)
        for (const [setting, value] of Object.entries(changes)) {
          route.addLink({ name: 'x', kind, settings: made, up })
          const before = settingsOf(route)
          route.setLink('x', { kind, settings: { [setting]: value } })
          assert.deepEqual(settingsOf(route), { ...before, [setting]: value })
          route.deleteLink('x')
        }
      })
    }

    test(claim('refuses what it cannot change, or says nothing and leaves it'), options, (t) => {
      const { route } = open(t)
      prepare(route, row)
      route.addLink({ name: 'x', kind, settings: made })
      const before = settingsOf(route)
      for (const [setting, value] of Object.entries(refused)) {
        const change = (): void => route.setLink('x', { kind, settings: { [setting]: value } })
        assert.throws(
          change,
          (error) => isKernelError(error, 'EOPNOTSUPP', 'EINVAL'),
          `${setting} was not refused`,
        )
      }
      for (const [setting, value] of Object.entries(ignored))
        route.setLink('x', { kind, settings: { [setting]: value } })
      assert.deepEqual(settingsOf(route), before)
    })
  }
}
