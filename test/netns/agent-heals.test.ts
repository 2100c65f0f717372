/**
 * GC-12 on real interfaces: whatever is broken under a running agent comes back, traffic included, and what is
 * not ours is left alone.
 *
 *    a (hub) 192.0.2.1 ──────── 192.0.2.2 b
 *    wg0 10.88.0.1, fd00:88::1            wg0 10.88.0.2, fd00:88::2
 */
import assert from 'node:assert/strict'
import { readFileSync, readlinkSync, readdirSync } from 'node:fs'
import { test } from 'node:test'
import { eventually, patiently } from '../harness/eventually.ts'
import { needs } from '../harness/needs.ts'
import { type AgentHost, follow, MAKES, pair, pings } from './agent-hosts.ts'

const PLAN = `
apiVersion: warren.dev/v1alpha1
kind: WireGuardNetworkPlan
metadata: { name: home }
spec:
  cidrs: [10.88.0.0/24, "fd00:88::/64"]
  topology: HubAndSpoke
  hubs: [a]
  interface: { name: wg0 }
  nodes:
  - { name: a, endpoint: "192.0.2.1:51820", allowedNetworks: [10.99.0.0/16] }
  - { name: b }
`

/** The agent of `a` has seen the session that a repair has to bring back. */
const inTouch = async (a: AgentHost, b: AgentHost): Promise<void> => {
  await reachable(b)
  await eventually(() => a.shakesHands(), { what: 'a sees the handshake' })
}

const reachable = async (b: AgentHost): Promise<void> => {
  await eventually(() => pings(b, '10.88.0.1'), { what: 'a answers over IPv4' })
  await eventually(() => pings(b, 'fd00:88::1'), { what: 'a answers over IPv6' })
}

/** Processes with a given word in their command line, in the host's network namespace. */
const processesOf = (host: AgentHost, word: string): number[] => {
  const namespace = readlinkSync(`/proc/${host.net.pid}/ns/net`)
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .filter((pid) => {
      try {
        return (
          readlinkSync(`/proc/${pid}/ns/net`) === namespace &&
          readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(word)
        )
      } catch {
        return false // ended while we looked
      }
    })
    .map(Number)
}

for (const make of MAKES) {
  const options = { ...needs(make.needs), timeout: patiently(120_000) }

  test(`GC-12: drift on ${make.name} is repaired and traffic flows again`, options, async (t) => {
    const [a, b] = await pair(t, make)
    await follow(PLAN, [a, b])
    await inTouch(a, b)
    const peer = a.status()?.interfaces[0]?.peers[0]?.publicKey ?? ''
    const drifts: [string, string, RegExp][] = [
      ['link deleted', 'ip link delete wg0', /altname warren-wg0/],
      ['address flushed', 'ip address flush dev wg0', /ip address add 10\.88\.0\.1/],
      ['link set down', 'ip link set wg0 down', /ip link set dev wg0 up/],
      ['peer removed', `wg set wg0 peer ${peer} remove`, /wg set wg0 peer/],
      ['peer added', `wg set wg0 peer ${'A'.repeat(42)}E= allowed-ips 10.66.0.0/16`, /remove/],
      ['allowed networks changed', `wg set wg0 peer ${peer} allowed-ips 10.66.0.0/16`, /allowed-ips/],
      ['address added', 'ip address add 10.77.0.9/24 dev wg0', /ip address delete 10\.77\.0\.9/],
      ['mtu changed', 'ip link set wg0 mtu 1300', /mtu 1420/],
    ]
    for (const [name, command, repaired] of drifts) {
      const repairs = await a.repairsAfter(() => a.net.exec(command))
      assert.match(repairs.flatMap((r) => r.what).join('\n'), repaired, name)
      await reachable(b)
    }
    const spoke = await b.repairsAfter(() => b.net.exec('ip route delete 10.99.0.0/16'))
    assert.match(spoke[0]?.what.join('\n') ?? '', /ip route add 10\.99\.0\.0\/16 dev wg0 proto 87/)
    t.diagnostic(
      `${make.name}: ${[...(a.status()?.repairs ?? [])].map((r) => `${r.cause} ${r.tookMs} ms`).join(', ')}`,
    )
  })

  test(`what is not ours is left alone on ${make.name}`, options, async (t) => {
    const [a, b] = await pair(t, make)
    for (const command of [
      'ip link add other type bridge',
      'ip address add 10.55.0.1/24 dev other',
      'ip link set other up',
      'ip route add 10.56.0.0/16 dev other',
      'ip rule add priority 77 table 77',
    ])
      await a.net.exec(command)
    const look = async (): Promise<string> => {
      const parts = [
        'ip -o link show other',
        'ip -o address show dev other',
        'ip route show dev other',
        'ip rule',
      ]
      return (await Promise.all(parts.map((p) => a.net.exec(p))))
        .join('')
        .replaceAll(/linkdown|qlen \d+|tentative /g, '')
    }
    const before = await look()
    await follow(PLAN, [a, b])
    await inTouch(a, b)
    await a.repairsAfter(() => a.net.exec('ip link delete wg0'))
    await reachable(b)
    assert.equal(await look(), before)
    await a.signal('SIGTERM')
    const { code } = await a.once('--remove-on-exit')
    assert.equal(code, 0)
    assert.equal(await look(), before)
    assert.equal(await a.net.succeeds('ip link show wg0'), false)
  })

  if (make.name !== 'the kernel')
    test(`the process behind an interface of ${make.name} is started again`, options, async (t) => {
      const [a, b] = await pair(t, make)
      await follow(PLAN, [a, b])
      await inTouch(a, b)
      const word = make.name === 'wireguard-go' ? 'wireguard-go' : 'device'
      const [device] = processesOf(a, word).filter((pid) => pid !== a.pid)
      assert.ok(device)
      const repairs = await a.repairsAfter(async () => void process.kill(device, 'SIGKILL'))
      await reachable(b)
      assert.notDeepEqual(
        processesOf(a, word).filter((pid) => pid !== a.pid),
        [device],
      )
      t.diagnostic(`${make.name}: ${repairs.map((r) => `${r.cause} ${r.tookMs} ms`).join(', ')}`)
    })
}
