/**
 * What holds for an agent on every make of WireGuard: run on the makes of this machine by the files beside this
 * one, and on the kernel's by agent-kernel.test.ts, in the VM where this kernel has none.
 */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { test } from 'node:test'
import { eventually, patiently } from '../harness/eventually.ts'
import { needs } from '../harness/needs.ts'
import { type AgentHost, type AgentMake, follow, pair, pings, REACHED_MS } from './agent-hosts.ts'

export const HUB_PLAN = `
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
export const inTouch = async (a: AgentHost, b: AgentHost): Promise<void> => {
  await reachable(b)
  await eventually(() => a.shakesHands(), { timeoutMs: REACHED_MS, what: 'a sees the handshake' })
}

export const reachable = async (b: AgentHost): Promise<void> => {
  await eventually(() => pings(b, '10.88.0.1'), { timeoutMs: REACHED_MS, what: 'a answers over IPv4' })
  await eventually(() => pings(b, 'fd00:88::1'), { timeoutMs: REACHED_MS, what: 'a answers over IPv6' })
}

/** Whatever is broken comes back, and traffic with it. `count`: how many of the ways to break it. */
export const driftTest = (make: AgentMake, count = Infinity): void => {
  const options = { ...needs(make.needs), timeout: patiently(240_000) }

  test(`GC-12: drift on ${make.name} is repaired and traffic flows again`, options, async (t) => {
    const [a, b] = await pair(t, make)
    await follow(HUB_PLAN, [a, b])
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
    for (const [name, command, repaired] of drifts.slice(0, count)) {
      t.diagnostic(name)
      await a.repairsAfter(() => a.net.exec(command), repaired)
      await reachable(b)
    }
    await b.repairsAfter(
      () => b.net.exec('ip route delete 10.99.0.0/16'),
      /ip route add 10\.99\.0\.0\/16 dev wg0 proto 87/,
    )
    t.diagnostic(
      `${make.name}: ${[...(a.status()?.repairs ?? [])].map((r) => `${r.cause} ${r.tookMs} ms`).join(', ')}`,
    )
  })
}

export const LINKS_PLAN = `
apiVersion: warren.dev/v1alpha1
kind: WireGuardNetworkPlan
metadata: { name: home }
spec:
  topology: Links
  portRange: { start: 51800, end: 51819 }
  nodes:
  - { name: a, endpoint: 192.0.2.1 }
  - { name: b }
  links:
  - allowedIPs: [0.0.0.0/0, "::/0"]
    ends:
    - node: a
      addresses: [{ local: 10.4.0.1, peer: 10.4.0.2/32 }, { local: "fe80::1771", peer: "fe80::a:1771/64" }]
    - node: b
      addresses: [{ local: 10.4.0.2, peer: 10.4.0.1/32 }, { local: "fe80::a:1771", peer: "fe80::1771/64" }]
`

/** One interface per link, point-to-point. */
export const linksTest = (make: AgentMake): void => {
  const options = { ...needs(make.needs), timeout: patiently(240_000) }

  test(
    `GC-06 GC-07: point-to-point links carry IPv4 and link-local IPv6 on ${make.name}`,
    options,
    async (t) => {
      const [a, b] = await pair(t, make)
      await follow(LINKS_PLAN, [a, b])
      const [name] = a.status()?.interfaces.map((i) => i.name) ?? []
      assert.ok(name)
      const shown = await a.net.exec(`ip address show dev ${name}`)
      assert.match(shown, /inet 10\.4\.0\.1 peer 10\.4\.0\.2\/32/)
      assert.match(shown, /inet6 fe80::1771 peer fe80::a:1771\/64/)
      assert.match(shown, /mtu 1420/)
      assert.match(shown, /UP/)
      const other = b.status()?.interfaces[0]?.name ?? ''
      await eventually(() => pings(b, '10.4.0.1'), { timeoutMs: REACHED_MS, what: 'IPv4' })
      await eventually(() => pings(b, `fe80::1771%${other}`), {
        timeoutMs: REACHED_MS,
        what: 'link-local IPv6',
      })
      await eventually(() => pings(a, `fe80::a:1771%${name}`), {
        timeoutMs: REACHED_MS,
        what: 'link-local IPv6 back',
      })
      // Everything may pass the tunnel, and yet no route of the host was touched.
      assert.equal((await a.net.exec('ip route show default')).trim(), '')
    },
  )
}

const STREAM = `
import { connect, createServer } from 'node:net'
if (process.argv[1] === 'serve') createServer((s) => s.pipe(s)).listen(7000, '10.88.0.1', () => console.log('up'))
else {
  const s = connect(7000, '10.88.0.1')
  s.on('error', (e) => { console.log('broken ' + e.code); process.exit(1) })
  let sent = 0, back = 0
  s.on('data', (d) => { back += d.length })
  setInterval(() => { s.write('x'.repeat(1000)); sent += 1000; console.log(JSON.stringify({ sent, back })) }, 20)
}`

/** An echoed TCP stream from b to a; `back()` counts the bytes that came back over it. */
export const openStream = async (
  a: AgentHost,
  b: AgentHost,
): Promise<{ back(): number; broken(): boolean }> => {
  const server = a.net.spawn(process.execPath, ['--input-type=module', '-e', STREAM, 'serve'])
  await once(server.stdout as NodeJS.ReadableStream, 'data')
  const client = b.net.spawn(process.execPath, ['--input-type=module', '-e', STREAM, 'connect'])
  let text = ''
  client.stdout?.on('data', (chunk: Buffer) => (text = (text + chunk.toString()).slice(-2000)))
  return {
    back: () => {
      const line = text.split('\n').findLast((l) => l.startsWith('{') && l.endsWith('}')) ?? '{"back":0}'
      return (JSON.parse(line) as { back: number }).back
    },
    broken: () => text.includes('broken') || client.exitCode !== null,
  }
}

export const flows = async (stream: { back(): number; broken(): boolean }): Promise<void> => {
  const before = stream.back()
  await eventually(() => stream.back() > before + 5_000, {
    timeoutMs: REACHED_MS,
    what: 'the stream goes on',
  })
  assert.equal(stream.broken(), false)
}

/** The agents may go and come. */
export const streamTest = (make: AgentMake): void => {
  const options = { ...needs(make.needs), timeout: patiently(240_000) }

  test(
    `a TCP stream survives SIGKILL of both agents on ${make.name}, and a restart changes nothing`,
    options,
    async (t) => {
      const [a, b] = await pair(t, make)
      await follow(HUB_PLAN, [a, b])
      await eventually(() => pings(b, '10.88.0.1'), { timeoutMs: REACHED_MS })
      const stream = await openStream(a, b)
      await flows(stream)
      for (const host of [a, b]) await host.signal('SIGKILL')
      await flows(stream)
      for (const host of [a, b]) {
        host.log = ''
        host.start()
        await host.converged()
        assert.equal(host.log, '', 'nothing to do, nothing to say')
      }
      await flows(stream)
    },
  )
}
