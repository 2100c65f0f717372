/** Steps as commands: where they happen, and what a shell makes of names. The words are tried in test/netns. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { birthNameOf } from '../model/index.ts'
import type { ContainerRef, Step } from '../model/index.ts'
import { render } from './render.ts'

const down = (container: ContainerRef): string =>
  render({ in: container, kind: 'link-set', link: 'd0', up: false })

test('a command happens in the namespace of its step', () => {
  const pid = (command: string): string => `nsenter -t "$(${command})" -n ip link set dev d0 down`
  const template = `-o go-template --template '{{.info.pid}}'`
  const rows: readonly (readonly [ContainerRef, string])[] = [
    [{ kind: 'netns', path: '/run/netns/blue' }, 'ip -n blue link set dev d0 down'],
    [{ kind: 'netns', path: '/var/run/netns/blue' }, 'ip -n blue link set dev d0 down'],
    [{ kind: 'netns', path: '/srv/net ns' }, `nsenter --net='/srv/net ns' ip link set dev d0 down`],
    [{ kind: 'netns', path: '/run/netns/..' }, 'nsenter --net=/run/netns/.. ip link set dev d0 down'],
    [{ kind: 'pid', pid: 42 }, 'nsenter -t 42 -n ip link set dev d0 down'],
    [{ kind: 'docker', name: 'web' }, pid(`docker inspect -f '{{.State.Pid}}' web`)],
    [{ kind: 'podman', name: 'web' }, pid(`podman inspect -f '{{.State.Pid}}' web`)],
    [{ kind: 'cri', id: '3f2a' }, pid(`crictl inspect ${template} 3f2a`)],
    [
      { kind: 'containerd', namespace: 'k8s.io', id: '3f2a' },
      pid(`ctr -n k8s.io tasks list | awk -v id=3f2a '$1 == id { print $2 }'`),
    ],
    [
      { kind: 'pod', namespace: 'default', name: 'web' },
      pid(`crictl inspectp ${template} "$(crictl pods -q --state ready --namespace default --name '^web$')"`),
    ],
  ]
  for (const [container, want] of rows) assert.equal(down(container), want)
})

test('a name that a shell would take apart is quoted', () => {
  const name = `a'b$(id)`
  const quoted = `'a'\\''b$(id)'`
  assert.equal(render({ kind: 'link-delete', link: name }), `ip link delete dev ${quoted}`)
  assert.equal(
    render({ in: { kind: 'docker', name }, kind: 'link-delete', link: 'd0' }),
    `nsenter -t "$(docker inspect -f '{{.State.Pid}}' ${quoted})" -n ip link delete dev d0`,
  )
  const key = { kind: 'secret', namespace: 'default', name: 'a b', key: 'k' } as const
  const change = { privateKey: key, peers: [] }
  assert.equal(
    render({ kind: 'wireguard-set', link: 'wg0', backend: 'kernel', change }),
    `wg set wg0 private-key './a b.k'`,
  )
})

test('sysctls, forwarding entries, rules and WireGuard of a container happen in it', () => {
  const blue = { in: { kind: 'netns', path: '/run/netns/blue' } } as const
  const steps: readonly (readonly [Step, string])[] = [
    [
      { ...blue, kind: 'sysctl-set', path: 'net/ipv4/conf/wg0/forwarding', value: '1', why: '' },
      'ip netns exec blue sysctl -w net.ipv4.conf.wg0.forwarding=1',
    ],
    [
      {
        ...blue,
        kind: 'forwarding-add',
        link: 'vx0',
        entry: { hardwareAddress: '00:00:00:00:00:00', destination: 'fd00::2' },
      },
      'bridge -n blue fdb append 00:00:00:00:00:00 dev vx0 dst fd00::2 self permanent',
    ],
    [
      { ...blue, kind: 'rule-add', rule: { family: 'inet6', table: 7, fwmark: 7 } },
      'ip -n blue -6 rule add fwmark 7 table 7 protocol 87',
    ],
    [
      {
        ...blue,
        kind: 'wireguard-set',
        link: 'wg0',
        backend: 'kernel',
        change: { listenPort: 1, peers: [] },
      },
      'ip netns exec blue wg set wg0 listen-port 1',
    ],
    [
      {
        ...blue,
        kind: 'wireguard-set',
        link: 'wg0',
        backend: 'userspace',
        change: { listenPort: 1, peers: [] },
      },
      `wg set ${birthNameOf('wg0@netns:/run/netns/blue')} listen-port 1`,
    ],
  ]
  for (const [step, want] of steps) assert.equal(render(step), want)
})

test('a veth is made with both ends where they belong', () => {
  const blue = { kind: 'netns', path: '/run/netns/blue' } as const
  const web = { kind: 'docker', name: 'web' } as const
  const add = (here: ContainerRef | undefined, there: ContainerRef | undefined): string =>
    render({
      ...(here === undefined ? {} : { in: here }),
      ...{ kind: 'link-add', link: 'a', type: 'veth', settings: {}, mtuBytes: 1400 },
      peer: {
        link: 'b',
        hardwareAddress: '02:00:00:00:00:01',
        ...(there === undefined ? {} : { in: there }),
      },
    })
  assert.equal(
    add(undefined, undefined),
    'ip link add a mtu 1400 type veth peer name b address 02:00:00:00:00:01',
  )
  assert.equal(
    add(blue, blue),
    'ip -n blue link add a mtu 1400 type veth peer name b address 02:00:00:00:00:01',
  )
  assert.equal(
    add(blue, web),
    `ip -n blue link add a mtu 1400 type veth peer name b netns "$(docker inspect -f '{{.State.Pid}}' web)" address 02:00:00:00:00:01`,
  )
})
