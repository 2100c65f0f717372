/**
 * What a dry run prints is what one can type: for every kind of link, the commands that make it, change it, repair
 * it and remove it are run by a shell, with the real ip, bridge and wg. What is there in between is what
 * test/models/model-kernel.ts makes of the same steps.
 *
 *   own namespace        /run/netns/blue       /run/elsewhere/red       a process
 *   x0 on p0             x0 on p0              x0 on p0                 x0 on p0
 */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { test } from 'node:test'
import type {
  ContainerRef,
  LinkIntent,
  LinkSettings,
  NodeIntent,
  WireGuardIntent,
} from '../../src/model/index.ts'
import { diff, render } from '../../src/reconcile/index.ts'
import { needs } from '../harness/needs.ts'
import type { KernelFeature } from '../harness/needs.ts'
import { ModelKernel } from '../models/model-kernel.ts'

/** Stands for the process whose namespace is used; the script knows its number. */
const PID = 4_194_303

const PLACES: readonly (ContainerRef | undefined)[] = [
  undefined,
  { kind: 'netns', path: '/run/netns/blue' },
  { kind: 'netns', path: '/run/elsewhere/red' },
  { kind: 'pid', pid: PID },
]
const NETNS = ['', 'netns:/run/netns/blue', 'netns:/run/elsewhere/red', `pid:${PID}`]

const PREPARE = `
mount -t tmpfs tmpfs /run && mkdir -p /run/netns /run/elsewhere /run/work && cd /run/work
ip netns add blue && ip netns add red
touch /run/elsewhere/red && mount --bind /run/netns/red /run/elsewhere/red && ip netns add after
unshare --net sleep infinity & process=$!
trap 'kill $process' EXIT
until [ "$(readlink /proc/$process/ns/net)" != "$(readlink /proc/self/ns/net)" ]; do :; done
for where in 'ip' 'ip -n blue' 'ip -n red' "nsenter -t $process -n ip"; do $where link set lo up; done
command -v wg >/dev/null && wg genkey >node.key
set -e
`

const linkIntent = (change: Partial<LinkIntent> & Pick<LinkIntent, 'name' | 'kind'>): LinkIntent => ({
  owner: { kind: 'NetlinkInterface', namespace: 'default', name: change.name },
  ...{ container: undefined, settings: {}, up: true, mtuBytes: undefined, hardwareAddress: undefined },
  ...{ master: undefined, ports: undefined, forwarding: undefined, addresses: [], routes: [] },
  ...{ adopt: false, replacePolicy: 'DeleteAndCreate' },
  ...change,
})

interface Case {
  readonly kind: LinkIntent['kind']
  readonly kernel: readonly KernelFeature[]
  /** One after the other. */
  readonly settings: readonly LinkSettings[]
  /** In every namespace; a machine that emulates its processor takes its time for each command. */
  readonly everywhere?: true
  readonly more?: Partial<LinkIntent>
}

const IPV4 = { local: '10.0.0.1', remote: '10.0.0.2', link: 'p0' }
const IPV6 = { local: 'fd00::1', remote: 'fd00::2', link: 'p0' }
const ETHERNET = { hardwareAddress: '02:00:00:00:00:07' }

const CASES: readonly Case[] = [
  { kind: 'dummy', kernel: ['dummy'], settings: [{}], more: ETHERNET },
  {
    kind: 'bridge',
    kernel: ['bridge'],
    everywhere: true,
    settings: [
      { stp: true, forwardDelay: 4, helloTime: 2, maxAge: 20, ageingTime: 300.5, priority: 4096 },
      { multicastSnooping: false, groupForwardMask: 8 },
    ],
    more: ETHERNET,
  },
  {
    kind: 'bridge',
    kernel: ['bridge', 'vlan'],
    settings: [{ vlanFiltering: true, vlanProtocol: '802.1ad' }, { vlanFiltering: false }],
  },
  {
    kind: 'vxlan',
    kernel: ['vxlan'],
    everywhere: true,
    settings: [
      {
        ...{ id: 7, link: 'p0', local: '10.0.0.1', group: '239.1.1.1', port: 4789, ttl: 4, tos: 8 },
        learning: true,
      },
      { id: 7, link: 'p0', local: '10.0.0.3', group: '10.0.0.2', port: 4789, learning: false, ageing: 60 },
      {
        ...{ id: 8, port: 4790, sourcePortLow: 1000, sourcePortHigh: 2000, proxy: true, ageing: 0 },
        limit: 9,
      },
      { ...{ id: 9, port: 4791, local: 'fd00::1', group: 'fd00::2', link: 'p0' }, udpZeroChecksum6Tx: true },
      { ...{ id: 9, port: 4792, udpChecksum: true, udpZeroChecksum6Rx: true }, l2Miss: true, l3Miss: true },
    ],
    more: {
      ...ETHERNET,
      forwarding: [
        { hardwareAddress: '00:00:00:00:00:00', destination: '10.0.0.9' },
        { hardwareAddress: '02:00:00:00:00:09', destination: '10.0.0.9' },
      ],
    },
  },
  {
    kind: 'vlan',
    kernel: ['vlan'],
    settings: [
      { link: 'p0', id: 5, protocol: '802.1Q', reorderHeader: true },
      { link: 'p0', id: 5, protocol: '802.1Q', reorderHeader: false },
      { link: 'p0', id: 6, protocol: '802.1ad' },
    ],
  },
  { kind: 'vrf', kernel: ['vrf'], settings: [{ table: 10 }, { table: 11 }] },
  {
    kind: 'macvlan',
    kernel: ['macvlan'],
    settings: [
      { link: 'p0', mode: 'bridge' },
      { link: 'p0', mode: 'private' },
      { link: 'p0', mode: 'vepa' },
    ],
  },
  {
    kind: 'ipip',
    kernel: ['ipip'],
    settings: [IPV4, { ...IPV4, remote: '10.0.0.3', ttl: 64, tos: 4, pathMtuDiscovery: true }],
  },
  { kind: 'ip6tnl', kernel: ['ip6tnl'], settings: [IPV6, { ...IPV6, ttl: 9, tos: 4, encapLimit: 5 }] },
  {
    kind: 'gre',
    kernel: ['gre'],
    settings: [
      { ...IPV4, pathMtuDiscovery: false, ttl: 0 },
      { ...IPV4, inputKey: 7, outputKey: 8, ttl: 64, pathMtuDiscovery: true },
    ],
  },
  { kind: 'gretap', kernel: ['gre'], settings: [IPV4, { ...IPV4, ttl: 64 }], more: ETHERNET },
  { kind: 'ip6gre', kernel: ['ip6gre'], settings: [IPV6, { ...IPV6, ttl: 9, inputKey: 7, outputKey: 7 }] },
  { kind: 'ip6gretap', kernel: ['ip6gre'], settings: [IPV6, { ...IPV6, tos: 4 }], more: ETHERNET },
]

const nodeOf = (links: readonly LinkIntent[]): NodeIntent => ({ node: 'a', interfaces: [], links })

const intentsOf = ({ kind, settings, everywhere, more = {} }: Case): NodeIntent[] => [
  ...settings.map((one, i) =>
    nodeOf(
      PLACES.slice(0, everywhere === true ? undefined : 1).flatMap((container) => [
        linkIntent({
          ...{ name: 'p0', kind: 'bridge', container },
          addresses: [{ local: '10.0.0.1', prefixLength: 24 }],
        }),
        linkIntent({
          ...{
            name: 'x0',
            kind,
            container,
            settings: one,
            up: i !== 1,
            mtuBytes: i === 1 ? 1300 : undefined,
          },
          addresses: [
            { local: `10.8.${i}.1`, prefixLength: 24 },
            { local: `10.9.${i}.1`, prefixLength: 32, peer: '10.9.9.2' },
            { local: `fd08::${i + 1}`, prefixLength: 64 },
          ],
          routes: [
            { destination: '10.5.0.0/16', table: 254, gateway: `10.8.${i}.9`, mtuBytes: 1280, metric: 7 },
            { destination: 'fd05::/64', table: 100 },
          ],
          ...more,
          ...(i % 2 === 1 ? { forwarding: [] } : {}),
        }),
      ]),
    ),
  ),
  nodeOf([]),
]

/** The commands that lead from each intent to the next, beginning on a host that has none of it. */
const commandsFor = (intents: readonly NodeIntent[]): string[] => {
  const kernel = new ModelKernel()
  for (const netns of NETNS) kernel.namespaces.set(netns, kernel.namespaces.get(netns) ?? [])
  return intents.flatMap((intent) => {
    const commands: string[] = []
    for (let round = 0; round < 3; round++) {
      const { steps } = diff({ intent, observed: kernel.observe(), backend: 'kernel' })
      for (const step of steps) {
        commands.push(...render(step).split('\n'))
        kernel.apply(step)
      }
    }
    return commands
  })
}

const run = (commands: readonly string[]): void => {
  assert.ok(commands.length > 0)
  const typed = commands.map((c) => c.replaceAll(String(PID), '$process'))
  // Every command is said before it is run, so that a failure ends with the one that failed.
  const script = [
    PREPARE,
    ...typed.map((c) => `echo ${JSON.stringify(c).replaceAll('$', '\\$')}\n${c}`),
    'ip link',
  ]
  const { status, stdout, stderr } = spawnSync(
    'unshare',
    ['--net', '--mount', '--propagation', 'private', 'sh', '-c', script.join('\n')],
    { encoding: 'utf8' },
  )
  assert.equal(status, 0, `${stderr}\nafter: ${stdout.split('\n').slice(-3).join('\n')}`)
  assert.ok(!stdout.slice(stdout.lastIndexOf('\n1: lo')).includes('x0'), stdout)
}

const tools = ['ip', 'bridge', 'unshare', 'nsenter', 'mount']

for (const one of CASES)
  test(
    `GC-17 commands printed for a ${one.kind} with ${Object.keys(one.settings[0] ?? {}).join(', ') || 'nothing more'} are taken by ip(8)`,
    needs({ root: true, kernel: [...new Set<KernelFeature>(['bridge', ...one.kernel])], tools }),
    () => run(commandsFor(intentsOf(one))),
  )

test(
  'GC-17 commands printed for a veth between two namespaces, and for ports, are taken by ip(8)',
  needs({ root: true, kernel: ['veth', 'bridge'], tools }),
  () => {
    const [, blue, red, process] = PLACES
    const pair = (
      n: number,
      here: ContainerRef | undefined,
      there: ContainerRef | undefined,
    ): LinkIntent[] => [
      linkIntent({ name: `a${n}`, kind: 'veth', container: here, peer: { name: `b${n}`, container: there } }),
      linkIntent({
        ...{ name: `b${n}`, kind: 'veth', container: there, peer: { name: `a${n}`, container: here } },
        ...{ mtuBytes: 1400, hardwareAddress: '02:00:00:00:00:08', master: 'x0' },
      }),
    ]
    const links = [
      ...PLACES.map((container) => linkIntent({ name: 'x0', kind: 'bridge', container })),
      ...pair(1, undefined, blue),
      ...pair(2, undefined, process),
      ...pair(3, blue, red),
      ...pair(4, red, undefined),
      ...pair(5, undefined, undefined),
    ]
    const out = links.map((l): LinkIntent => ({ ...l, master: undefined }))
    run(commandsFor([links, out, []].map(nodeOf)))
  },
)

const wireguard = (
  container: ContainerRef | undefined,
  change: Partial<WireGuardIntent>,
): WireGuardIntent => ({
  ...{ name: 'x0', owner: { kind: 'WireGuardInterface', namespace: 'default', name: 'x0' }, container },
  ...{ privateKey: { kind: 'node' }, publicKey: 'own', listenPort: 51820, fwmark: 7, mtuBytes: 1420 },
  addresses: [{ local: '10.8.0.1', prefixLength: 24 }],
  peers: [
    {
      ...{ publicKey: `${'A'.repeat(42)}A=`, node: 'b', presharedKey: undefined, endpoint: undefined },
      ...{ allowedIPs: ['10.8.0.2/32'], persistentKeepaliveSeconds: 25, path: 'always' },
    },
  ],
  routes: [{ destination: '10.5.0.0/16', table: 51820 }],
  rules: [{ family: 'inet', table: 51820, fwmark: 7, invert: true }],
  forwards: { inet: true, inet6: false },
  ...change,
})

test(
  'GC-17 commands printed for WireGuard in containers are taken by ip(8) and wg(8)',
  needs({ root: true, kernel: ['wireguard'], tools: [...tools, 'wg', 'sysctl'] }),
  () => {
    const all = (change: Partial<WireGuardIntent>) =>
      PLACES.slice(0, 2).map((container, i) => wireguard(container, { ...change, listenPort: 51820 + i }))
    const intents = [all({}), all({ mtuBytes: 1400 }), []]
    run(commandsFor(intents.map((interfaces) => ({ node: 'a', interfaces, links: [] }))))
  },
)
