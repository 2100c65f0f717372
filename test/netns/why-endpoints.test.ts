/**
 * `warren why` about what the plan says and where the other end is to be found: keys that nobody knows yet, two that
 * can never meet, names that do not resolve, and a far end with two uplinks.
 */
import assert from 'node:assert/strict'
import { resolve } from 'node:path'
import { test, type TestContext } from 'node:test'
import { parseFacts } from '../../src/diagnosis/index.ts'
import { eventually, patiently } from '../harness/eventually.ts'
import { needs } from '../harness/needs.ts'
import { hostOf, netOf, type Scene } from './why-breaks.ts'
import { causeText, Laptop, underlay, WHY_MAKE } from './why-hosts.ts'

const planOf = (endpoint: string, topology = 'topology: HubAndSpoke\n  hubs: [b]'): string => `
apiVersion: warren.dev/v1alpha1
kind: WireGuardNetworkPlan
metadata: { name: home }
spec:
  cidrs: [10.88.0.0/24]
  ${topology}
  interface: { name: wg0 }
  nodes:
  - { name: a, addresses: [10.88.0.1] }
  - { name: b, addresses: [10.88.0.2]${endpoint === '' ? '' : `, endpoint: "${endpoint}"`} }
`

const options = { ...needs(WHY_MAKE.needs), timeout: patiently(240_000) }

const scene = async (t: TestContext, plan: string): Promise<Scene> => {
  const { router, hosts } = await underlay(t, ['a', 'b'])
  return { router, hosts, laptop: await Laptop.with(t, plan, Object.values(hosts)) }
}

test('why: the endpoint’s name does not resolve', options, async (t) => {
  const s = await scene(t, planOf('b.home.invalid:51820'))
  for (const host of Object.values(s.hosts)) host.start()
  await eventually(() => netOf(s, 'a').succeeds('wg show wg0'), { timeoutMs: 30_000 })
  await eventually(() => netOf(s, 'b').succeeds('wg show wg0'), { timeoutMs: 30_000 })
  const found = await s.laptop.why('a', 'b')
  assert.match(
    causeText(found),
    /^endpoint at a: the endpoint b\.home\.invalid of b does not resolve \(E\w+\)/,
  )
  assert.deepEqual(found.cause?.fix[0], 'getent ahosts b.home.invalid')
})

test('why: nobody knows the key of a node yet', options, async (t) => {
  const s = await scene(t, planOf('198.51.100.1:51820'))
  await s.laptop.forgetKeys('b')
  const found = await s.laptop.why('a', 'b')
  assert.match(causeText(found), /^intent at b: nobody knows the public key of b yet/)
  assert.match(found.cause?.fix[0] ?? '', /^warren keys /)
  assert.equal(found.code, 1)
})

test('why: a node that the plan does not have, and two that can never meet', options, async (t) => {
  const s = await scene(t, planOf('198.51.100.1:51820'))
  const stranger = await s.laptop.why('a', 'bb')
  assert.match(causeText(stranger), /^intent at bb: the plan has no node bb/)
  assert.deepEqual(stranger.cause?.fix, ['Did you mean b?'])
  await s.laptop.write(planOf('', 'topology: Mesh'))
  const apart = await s.laptop.why('a', 'b')
  assert.match(causeText(apart), /^intent at a: a and b can never meet: neither has an endpoint/)
  assert.match(apart.cause?.fix[0] ?? '', /name a relay/)
})

/*   a ─── router ─┬─ eth0 198.51.100.1 b      b is called at eth1, and its default route is eth0:
 *                 └─ eth1 203.0.113.1  b      strict filtering takes a's datagrams for forged.     */
test('why: strict reverse-path filtering drops what comes in by the other uplink', options, async (t) => {
  const s = await scene(t, planOf('203.0.113.1:51820'))
  const b = netOf(s, 'b')
  await s.router.exec(`ip link add to-b2 type veth peer name eth1 netns ${b.pid}`)
  await s.router.exec('ip address add 203.0.113.254/24 dev to-b2')
  await s.router.exec('ip link set to-b2 up')
  await b.exec('ip address add 203.0.113.1/24 dev eth1')
  await b.exec('ip link set eth1 up')
  await s.laptop.start()
  const loose = await s.laptop.works('a', 'b')
  assert.equal(causeText(loose), 'none', loose.text)
  await b.exec('sysctl -qw net.ipv4.conf.eth1.rp_filter=1')
  const found = await s.laptop.why('a', 'b')
  assert.match(
    causeText(found),
    /^rp-filter at b: datagrams from 192\.0\.2\.1 come in by eth1, but answers leave by eth0, and rp_filter of eth1 is strict/,
    found.text,
  )
  assert.ok(found.cause?.fix.includes('sysctl -w net.ipv4.conf.eth1.rp_filter=2'))
})

test('why: asked at one end, with nobody to reach the other', options, async (t) => {
  const s = await scene(t, planOf('198.51.100.1:51820'))
  await s.laptop.start()
  const { text, code } = await s.laptop.at(hostOf(s, 'a'), 'a', 'b')
  assert.match(text, /a → b: packets arrive/)
  assert.match(text, /\? +contact +b +b could not be asked: it is another machine, and there is no --via/)
  assert.equal(code, 0)
  const a = netOf(s, 'a')
  const warren = `env WARREN_NODE_NAME=a WARREN_PLANS_DIR=/run/agent/plans ${resolve('bin/warren')}`
  const facts = await a.exec(`${warren} node facts --for b --run-dir /run/agent/run`)
  const read = parseFacts(facts)
  assert.equal(read?.agent?.node, 'a')
  assert.deepEqual(
    read?.probes.map(({ to, answeredMs }) => [to, answeredMs !== null]),
    [['10.88.0.2', true]],
  )
  const privateKey = (await a.exec('wg show wg0 private-key')).trim()
  assert.ok(privateKey.length === 44 && !facts.includes(privateKey))
})

const DUAL = planOf('198.51.100.1:51820')
  .replace('cidrs: [10.88.0.0/24]', 'cidrs: [10.88.0.0/24, "fd00:88::/64"]')
  .replace('[10.88.0.1]', '[10.88.0.1, "fd00:88::1"]')
  .replace('[10.88.0.2]', '[10.88.0.2, "fd00:88::2"]')

test('why: IPv6 inside, which breaks by itself', options, async (t) => {
  const s = await scene(t, DUAL)
  await s.laptop.start()
  const well = await s.laptop.works('a', 'b', '--family', '6')
  assert.equal(causeText(well), 'none', well.text)
  assert.equal(well.target, 'fd00:88::2')
  const b = netOf(s, 'b')
  await b.exec('nft add table ip6 t')
  await b.exec('nft add chain ip6 t c { type filter hook input priority 0 ; policy accept ; }')
  await b.exec('nft add rule ip6 t c icmpv6 type echo-request drop')
  const found = await s.laptop.why('a', 'b', '--family', '6')
  assert.match(
    causeText(found),
    /^nftables at b: .* drops packets from fd00:88::1 to fd00:88::2 \(in by wg0\)/,
    found.text,
  )
  assert.equal(causeText(await s.laptop.why('a', 'b', '--family', '4')), 'none')
  await b.exec('nft delete table ip6 t')
  await netOf(s, 'a').exec('ip -6 route add fd00:88::2/128 dev eth0')
  assert.match(
    causeText(await s.laptop.why('a', 'b', '--family', '6')),
    /^route at a: at a fd00:88::2 goes out by eth0, not by wg0: the route fd00:88::2\/128 wins/,
  )
})
