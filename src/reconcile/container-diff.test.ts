/** diff() over several network namespaces. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { birthNameOf } from '../model/index.ts'
import type { ContainerRef, LinkIntent, NodeIntent, ObservedHost, ObservedLink } from '../model/index.ts'
import { diff } from './diff.ts'
import { containerOf } from './netns-ref.ts'
import { commands, EMPTY, KEY, link, node, nodeWith, peer, present, seen, wantedLink, wg } from './samples.ts'

const BLUE: ContainerRef = { kind: 'netns', path: '/run/netns/blue' }
const WEB: ContainerRef = { kind: 'docker', name: 'web' }
const IN_WEB = `nsenter -t "$(docker inspect -f '{{.State.Pid}}' web)" -n`

const both: ObservedHost = {
  ...EMPTY,
  containers: { 'netns:/run/netns/blue': present(), 'docker:web': present() },
}

const veth = (there: ContainerRef | undefined, change: Partial<LinkIntent> = {}): LinkIntent[] => [
  wantedLink('veth', 'v0', { peer: { name: 'v1', container: there }, ...change }),
  wantedLink('veth', 'v1', { container: there, peer: { name: 'v0', container: undefined } }),
]

const end = (name: string, index: number, change: Partial<ObservedLink> = {}): ObservedLink =>
  link({ kind: 'veth', name, index, mtuBytes: 1500, ...change })

const decide = (intent: NodeIntent, observed: ObservedHost, leave: string[] = []) =>
  diff({ intent, observed, backend: 'kernel', leave: new Set(leave) })

test('GC-11: a vxlan over WireGuard over a veth comes up in one pass, in whatever order they are listed', () => {
  const links = [
    wantedLink('vxlan', 'vx0', { container: WEB, settings: { id: 7, link: 'wg0', port: 4789 } }),
    ...veth(BLUE, { addresses: [{ local: '10.1.0.1', prefixLength: 30 }] }),
    wantedLink('vlan', 'vl0', { container: WEB, settings: { link: 'vx0', id: 5 } }),
  ]
  const intent = { ...node(wg({ container: WEB })), links }
  const birth = birthNameOf('wg0@docker:web')
  const want = [
    'ip link add v0 type veth peer name v1 netns blue',
    'ip link property add dev v0 altname warren-v0',
    'ip -n blue link property add dev v1 altname warren-v1',
    'ip address add 10.1.0.1/30 dev v0',
    'ip link set dev v0 up',
    'ip -n blue link set dev v1 up',
    `ip link add ${birth} mtu 1420 type wireguard`,
    `ip link set dev ${birth} netns "$(docker inspect -f '{{.State.Pid}}' web)" name wg0`,
    `${IN_WEB} ip link property add dev wg0 altname warren-wg0`,
    `${IN_WEB} wg set wg0 private-key ./node.key listen-port 51820`,
    `${IN_WEB} ip address add 10.0.0.1/24 dev wg0`,
    `${IN_WEB} ip link set dev wg0 up`,
    `${IN_WEB} ip link add vx0 mtu 1370 type vxlan id 7 dev wg0 dstport 4789`,
    `${IN_WEB} ip link property add dev vx0 altname warren-vx0`,
    `${IN_WEB} ip link set dev vx0 up`,
    `${IN_WEB} ip link add link vx0 vl0 mtu 1370 type vlan id 5`,
    `${IN_WEB} ip link property add dev vl0 altname warren-vl0`,
    `${IN_WEB} ip link set dev vl0 up`,
  ]
  const listed = commands(intent, both)
  assert.deepEqual(listed.toSorted(), want.toSorted())
  const at = (line: string) => listed.indexOf(line)
  for (const [first, second] of [
    [7, 12],
    [12, 15],
    [0, 4],
  ] as const)
    assert.ok(at(want[first] ?? '') < at(want[second] ?? ''), want[first])
  assert.deepEqual(commands({ ...intent, links: links.toReversed() }, both), listed)
})

test('GC-05: a WireGuard interface in a container is compared with what is in the container', () => {
  const observed: ObservedHost = {
    ...EMPTY,
    containers: {
      'netns:/run/netns/blue': present({
        links: [link()],
        addresses: [{ link: 'wg0', local: '10.0.0.1', prefixLength: 24, protocol: 87, scope: 0 }],
        wireguard: [
          {
            link: 'wg0',
            backend: 'kernel',
            publicKey: KEY('S'),
            listenPort: 51820,
            fwmark: 0,
            peers: [seen('A')],
          },
        ],
      }),
    },
  }
  assert.deepEqual(commands(node(wg({ container: BLUE, peers: [peer('A')] })), observed), [])
  assert.deepEqual(commands(node(wg({ container: BLUE })), observed), [
    `ip netns exec blue wg set wg0 peer ${KEY('A')} remove`,
  ])
  const endpoints = new Map([[`wg0@netns:/run/netns/blue ${KEY('A')}`, '192.0.2.1:51820']])
  assert.deepEqual(commands(node(wg({ container: BLUE, peers: [peer('A')] })), observed, { endpoints }), [
    `ip netns exec blue wg set wg0 peer ${KEY('A')} endpoint 192.0.2.1:51820`,
  ])
})

test('what a crash left under the birth name goes before the interface is made again', () => {
  const birth = birthNameOf('wg0@docker:web')
  const observed = { ...both, links: [link({ name: birth, altNames: [] })] }
  assert.equal(commands(node(wg({ container: WEB })), observed)[0], `ip link delete dev ${birth}`)
})

test('a userspace interface in a container whose process is gone is made anew', () => {
  const observed: ObservedHost = {
    ...EMPTY,
    containers: { 'docker:web': present({ links: [link({ kind: 'tun' })] }) },
  }
  const text = commands(node(wg({ container: WEB })), observed, { backend: 'userspace' })
  assert.equal(text[0], `${IN_WEB} ip link delete dev wg0`)
  assert.match(text.join('\n'), new RegExp(`^wg set ${birthNameOf('wg0@docker:web')} private-key`, 'm'))
})

test('GC-13: a container that is gone, or that cannot be asked, holds up what is in it and nothing else', () => {
  const observed: ObservedHost = {
    ...EMPTY,
    containers: {
      'docker:web': { kind: 'absent', message: 'no container is called web', hint: 'Start it.' },
      'netns:/run/netns/blue': { kind: 'unknown', message: 'no answer' },
    },
  }
  const intent = {
    ...node(wg({ container: BLUE })),
    links: [...veth(WEB), wantedLink('dummy', 'd1', { container: WEB }), wantedLink('dummy', 'd0')],
  }
  const { steps, waiting } = decide(intent, observed)
  assert.deepEqual(waiting.map(({ link, reason, message }) => `${link} ${reason}: ${message}`).toSorted(), [
    'd1@docker:web ContainerMissing: no container is called web',
    'v0 ContainerMissing: no container is called web',
    'v1@docker:web ContainerMissing: no container is called web',
    'wg0@netns:/run/netns/blue ContainerUnknown: no answer',
  ])
  assert.ok(waiting.every((w) => w.hint !== ''))
  assert.ok(steps.length > 0 && steps.every((s) => 'link' in s && s.link === 'd0'))
  // The object is gone as well: nothing is left to do, and nothing waits.
  assert.deepEqual(decide(nodeWith(), observed), { steps: [], conflicts: [], waiting: [], adoptions: [] })
})

test('a namespace that nobody has looked into is waited for', () => {
  const { waiting } = decide(nodeWith(wantedLink('dummy', 'd0', { container: WEB })), EMPTY)
  assert.deepEqual(
    waiting.map((w) => w.reason),
    ['ContainerUnknown'],
  )
})

test('ours that nobody wants goes from every namespace; one end of a veth takes the other along', () => {
  const observed: ObservedHost = {
    ...EMPTY,
    links: [end('v0', 5, { peerIndex: 9 })],
    containers: {
      'docker:web': present({
        links: [
          end('v1', 9, { peerIndex: 5 }),
          link({ name: 'd0', kind: 'dummy' }),
          link({ name: 'eth0', altNames: [] }),
        ],
      }),
    },
  }
  assert.deepEqual(commands(nodeWith(), observed), [
    'ip link delete dev v0',
    `${IN_WEB} ip link delete dev d0`,
  ])
})

test('a veth whose ends belong together is settled; one that lost an end, or whose ends do not, is made anew', () => {
  const host = (here: ObservedLink[], there: ObservedLink[]): ObservedHost => ({
    ...both,
    links: here,
    containers: { ...both.containers, 'docker:web': present({ links: there }) },
  })
  const good = host([end('v0', 5, { peerIndex: 9 })], [end('v1', 9, { peerIndex: 5, up: false })])
  assert.deepEqual(commands(nodeWith(...veth(WEB)), good), [`${IN_WEB} ip link set dev v1 up`])
  const anew = 'ip link add v0 type veth peer name v1 netns "$(docker inspect -f \'{{.State.Pid}}\' web)"'
  const lost = host([end('v0', 5, { peerIndex: 77 })], [])
  assert.deepEqual(commands(nodeWith(...veth(WEB)), lost).slice(0, 2), ['ip link delete dev v0', anew])
  const strangers = host([end('v0', 5, { peerIndex: 77 })], [end('v1', 9, { peerIndex: 78 })])
  assert.deepEqual(commands(nodeWith(...veth(WEB)), strangers).slice(0, 3), [
    'ip link delete dev v0',
    `${IN_WEB} ip link delete dev v1`,
    anew,
  ])
  // Died between making the pair and marking its second end.
  const half = host([end('v0', 5, { peerIndex: 9 })], [end('v1', 9, { peerIndex: 5, altNames: [] })])
  assert.deepEqual(commands(nodeWith(...veth(WEB)), half), [
    `${IN_WEB} ip link property add dev v1 altname warren-v1`,
  ])
  const theirs = host([], [end('v1', 9, { peerIndex: 5, altNames: [] })])
  assert.deepEqual(decide(nodeWith(...veth(WEB)), theirs).steps, [])
  assert.equal(decide(nodeWith(...veth(WEB)), theirs).conflicts.length, 2)
})

test('an interface that somebody moved to another namespace is removed there and made where it belongs', () => {
  const moved: ObservedHost = { ...both, links: [link({ name: 'd0', kind: 'dummy' })] }
  assert.deepEqual(commands(nodeWith(wantedLink('dummy', 'd0', { container: BLUE })), moved).slice(0, 2), [
    'ip link delete dev d0',
    'ip -n blue link add d0 type dummy',
  ])
})

test('two names of one namespace are one place', () => {
  const own: ObservedHost = {
    ...EMPTY,
    identity: 'net:1',
    links: [link({ name: 'd0', kind: 'dummy' })],
    containers: { 'pid:1': present({ identity: 'net:1', links: [link({ name: 'd0', kind: 'dummy' })] }) },
  }
  const one: ContainerRef = { kind: 'pid', pid: 1 }
  assert.deepEqual(commands(nodeWith(wantedLink('dummy', 'd0', { container: one })), own), [])
  const twice = decide(
    nodeWith(wantedLink('dummy', 'd0'), wantedLink('dummy', 'd0', { container: one })),
    own,
  )
  assert.deepEqual(twice.steps, [])
  assert.equal(twice.conflicts[0]?.link, 'd0@pid:1')
})

test('links to be left alone are named with their namespace, and keep whatever nobody wants meanwhile', () => {
  const observed: ObservedHost = {
    ...EMPTY,
    links: [link({ name: 'd0', kind: 'dummy', up: false }), link({ name: 'old', kind: 'dummy' })],
    containers: { 'docker:web': present({ links: [link({ name: 'd0', kind: 'dummy', up: false })] }) },
  }
  const intent = nodeWith(wantedLink('dummy', 'd0'), wantedLink('dummy', 'd0', { container: WEB }))
  const { steps } = decide(intent, observed, ['d0@docker:web'])
  assert.deepEqual(steps, [{ kind: 'link-set', link: 'd0', up: true }])
  assert.deepEqual(commands(intent, observed, { leave: new Set(['d0']) }), [
    `${IN_WEB} ip link set dev d0 up`,
  ])
})

test('containerOf() is the way back from the text of a namespace', () => {
  const refs: readonly (readonly [string, ContainerRef | undefined])[] = [
    ['', undefined],
    ['docker:web', WEB],
    ['podman:web', { kind: 'podman', name: 'web' }],
    ['containerd:k8s.io/3f2a', { kind: 'containerd', namespace: 'k8s.io', id: '3f2a' }],
    ['cri:3f2a', { kind: 'cri', id: '3f2a' }],
    ['pod:default/web', { kind: 'pod', namespace: 'default', name: 'web' }],
    ['pid:42', { kind: 'pid', pid: 42 }],
    ['netns:/run/netns/blue', BLUE],
  ]
  for (const [text, ref] of refs) assert.deepEqual(containerOf(text), ref)
})
