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
import { patiently } from '../harness/eventually.ts'
import { needs } from '../harness/needs.ts'
import { type AgentHost, follow, pair, USERSPACE_MAKES } from './agent-hosts.ts'
import { driftTest, HUB_PLAN, inTouch, reachable } from './agent-suites.ts'

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

for (const make of USERSPACE_MAKES) {
  driftTest(make)
  const options = { ...needs(make.needs), timeout: patiently(240_000) }

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
    await follow(HUB_PLAN, [a, b])
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

  test(`the process behind an interface of ${make.name} is started again`, options, async (t) => {
    const [a, b] = await pair(t, make)
    await follow(HUB_PLAN, [a, b])
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
