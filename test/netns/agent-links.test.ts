/**
 * One interface per link, with the addresses of the first plan people write (GC-06, GC-07), and what the two ends
 * do when one of them moves or its name points elsewhere.
 *
 *    a 192.0.2.1 ───────── 192.0.2.2 b
 *    wg-a-b-0                   wg-b-a-0
 *    10.4.0.1 peer 10.4.0.2/32, fe80::1771 peer fe80::a:1771/64
 */
import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { eventually, patiently } from '../harness/eventually.ts'
import { needs } from '../harness/needs.ts'
import { type AgentHost, follow, lockFor, pair, pings, USERSPACE_MAKES, REACHED_MS } from './agent-hosts.ts'
import { LINKS_PLAN, linksTest } from './agent-suites.ts'

const endpointAt = (host: AgentHost): string | undefined => host.status()?.interfaces[0]?.peers[0]?.endpoint

for (const make of USERSPACE_MAKES) {
  linksTest(make)
  const options = { ...needs(make.needs), timeout: patiently(240_000) }

  test(
    `a peer that moves is followed, and its newer endpoint is never overwritten, on ${make.name}`,
    options,
    async (t) => {
      const [a, b] = await pair(t, make)
      await follow(LINKS_PLAN, [a, b])
      await eventually(() => pings(b, '10.4.0.1'), { timeoutMs: REACHED_MS })
      await b.net.exec('ip address delete 192.0.2.2/24 dev eth0')
      await b.net.exec('ip address add 192.0.2.77/24 dev eth0')
      await eventually(async () => (await pings(b, '10.4.0.1')) && endpointAt(a)?.startsWith('192.0.2.77'), {
        timeoutMs: 60_000,
        what: 'a sees b at its new address',
      })
      await a.repairsAfter(() => a.net.exec(`ip link set ${a.status()?.interfaces[0]?.name} down`))
      assert.match(endpointAt(a) ?? '', /^192\.0\.2\.77/)
      await eventually(() => pings(a, '10.4.0.2'), {
        timeoutMs: REACHED_MS,
        what: 'a reaches b where it is now',
      })
    },
  )

  test(
    `a name that points elsewhere is looked up again when nothing answers, on ${make.name}`,
    options,
    async (t) => {
      const [a, b] = await pair(t, make)
      const text = LINKS_PLAN.replace('endpoint: 192.0.2.1', 'endpoint: hub.test')
      // Each host has its own /etc/hosts, as machines have their own resolvers.
      const hosts = join(b.dir('etc'), 'hosts')
      writeFileSync(hosts, `${readFileSync('/etc/hosts', 'utf8')}\n192.0.2.1 hub.test\n`)
      await b.net.exec('mount --bind /run/agent/etc/hosts /etc/hosts')
      const lock = await lockFor(text, [a, b])
      for (const host of [a, b]) host.writePlan(text, lock)
      for (const host of [a, b]) host.start()
      for (const host of [a, b]) await host.converged()
      await eventually(() => pings(b, '10.4.0.1'), { timeoutMs: REACHED_MS, what: 'the name was resolved' })
      // A hub that moved and knows nothing of its peers: it cannot call them, they have to find it.
      await a.signal('SIGTERM')
      await a.once('--remove-on-exit')
      await a.net.exec('ip address delete 192.0.2.1/24 dev eth0')
      await a.net.exec('ip address add 192.0.2.99/24 dev eth0')
      a.start()
      await a.converged()
      writeFileSync(hosts, '127.0.0.1 localhost\n192.0.2.99 hub.test\n')
      await eventually(
        async () => (await pings(b, '10.4.0.1')) && endpointAt(b)?.startsWith('192.0.2.99') === true,
        { timeoutMs: 90_000, intervalMs: 500, what: 'b found the hub again' },
      )
    },
  )
}
