/**
 * `warren import` of links that somebody made with ip(8): planned against the same host it finds nothing to do, and an
 * agent takes them over without touching them.
 */
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { test, type TestContext } from 'node:test'
import { parseObjects } from '../../src/model/index.ts'
import { patiently } from '../harness/eventually.ts'
import { Namespace } from '../harness/namespace.ts'
import { type KernelFeature, needs } from '../harness/needs.ts'

const WARREN = resolve('bin/warren')

/*   br0 10.0.0.1/24 ── eth0 (hardware to us: a veth whose other end has no name)
 *    ├ v0 ══ v1 10.0.1.1/24          ├ vx7 over eth0           ── w0 ═══ eth0 in `ip netns web`           */
const BRIDGED = `
ip link add br0 type bridge stp_state 1 forward_delay 400 ageing_time 6000
ip link set br0 address 02:00:00:00:00:01
ip address add 10.0.0.1/24 dev br0
ip address add fd00::1/64 dev br0 nodad
ip link set br0 up
ip link add v0 type veth peer name v1
ip link set v0 master br0 up
ip link set v1 mtu 1400 up
ip address add 10.0.1.1/24 dev v1
ip address add 10.7.0.1 peer 10.7.0.2/32 dev v1
ip route add 10.5.0.0/16 via 10.0.0.9 dev br0 metric 20 proto static
ip route add fd05::/64 via fd00::9 dev br0
ip route add 10.6.0.0/16 dev v1 table 100 mtu 1300
ip link add vx7 type vxlan id 7 local 10.0.0.1 remote 10.0.0.2 dev br0 dstport 4789 nolearning ttl 16
ip link set vx7 up
bridge fdb append 00:00:00:00:00:00 dev vx7 dst 10.0.0.3
ip netns add web
ip link add w0 type veth peer name eth0 netns web
ip -n web address add 10.8.0.2/24 dev eth0
ip -n web link set eth0 up
ip link set w0 up
ip -n web route add default via 10.8.0.1`

const OTHERS = `
ip link add d0 type dummy
ip link set d0 mtu 9000 up
ip link add link d0 name d0.7 type vlan id 7 protocol 802.1ad
ip link set d0.7 mtu 1400 up
ip link add blue type vrf table 100
ip link set blue up
ip link set d0.7 master blue
ip address add 10.2.0.1/24 dev d0.7
ip link add m0 link d0 type macvlan mode private
ip link add t0 type ipip local 192.0.2.1 remote 192.0.2.2 ttl 64
ip link add t1 type gre local 192.0.2.1 remote 192.0.2.3 key 7
ip link add t2 type gretap local 192.0.2.1 remote 192.0.2.4 ikey 1 okey 2
ip link add t3 type ip6tnl local 2001:db8::1 remote 2001:db8::2
ip link add t4 type ip6gre local 2001:db8::1 remote 2001:db8::3
ip link set t1 up`

const TOOLS = ['ip', 'bridge', 'nsenter', 'unshare']
const timeout = patiently(90_000)

async function machine(t: TestContext, commands: string) {
  const host = await Namespace.create('host')
  t.after(() => host.close())
  const directory = mkdtempSync(join(tmpdir(), 'warren-import-'))
  t.after(() => rmSync(directory, { recursive: true }))
  for (const line of commands.trim().split('\n')) await host.exec(line)
  return { host, directory, warren: (line: string) => host.exec(`${WARREN} ${line}`) }
}

interface Imported {
  readonly commands: string
  readonly kernel: readonly KernelFeature[]
  readonly names: readonly string[]
}

function importTest(title: string, { commands, kernel, names }: Imported): void {
  const options = { ...needs({ root: true, kernel, tools: TOOLS }), timeout }
  test(
    `${title}: imported, the first plan --live is empty, and an agent only marks them`,
    options,
    async (t) => {
      const { host, directory, warren } = await machine(t, commands)
      const text = await warren('import --node host')
      const { objects, problems } = parseObjects(text, { file: 'import.yaml' })
      assert.deepEqual(problems, [])
      const found = objects.flatMap((one) =>
        one.kind === 'NetlinkInterface' ? [one.spec.interfaceName] : [],
      )
      assert.deepEqual(found, names)
      const plans = join(directory, 'plans')
      await host.exec(`mkdir ${plans}`)
      writeFileSync(join(plans, 'here.yaml'), text)
      assert.equal(await warren(`plan --live --node host ${plans}/here.yaml`), '')
      const before = await looksOf(host)
      assert.doesNotMatch(before, /altname/)
      const dirs = `--state-dir ${directory}/state --run-dir ${directory}/run --config ${directory}/none.yaml`
      await warren(`agent --once --node host --source file:${plans} ${dirs}`)
      const after = await looksOf(host)
      assert.equal(after.replaceAll(/ +altname warren-\S+\n/g, ''), before)
      for (const name of names) assert.match(after, new RegExp(`altname warren-${name}\\n`))
    },
  )
}

/** What ip(8) shows of links, addresses and routes, less what comes by itself after a while. */
async function looksOf(host: Namespace): Promise<string> {
  const shown = await Promise.all([
    host.exec('ip link show'),
    host.exec('ip -4 address show'),
    host.exec('ip -6 -o address show scope global'),
    host.exec('ip -4 route show table all'),
    host.exec('ip -6 route show'),
  ])
  return shown
    .join('')
    .replaceAll(/^fe80.*\n/gm, '')
    .replaceAll(/ (proto 87|tentative)\b/g, '')
}

importTest('a bridge, veths and a vxlan', {
  commands: BRIDGED,
  kernel: ['bridge', 'veth', 'vxlan'],
  names: ['br0', 'v0', 'vx7', 'w0'],
})

importTest('dummy, VLAN, VRF, macvlan and tunnels', {
  commands: OTHERS,
  kernel: ['dummy', 'vlan', 'vrf', 'macvlan', 'ipip', 'gre', 'ip6tnl', 'ip6gre'],
  names: ['blue', 'd0', 'd0.7', 'm0', 't0', 't1', 't2', 't3', 't4'],
})
