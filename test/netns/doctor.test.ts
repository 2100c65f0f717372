/** `warren doctor` on a real host: what is done to it is what it finds. */
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { test, type TestContext } from 'node:test'
import type { HostFinding } from '../../src/diagnosis/index.ts'
import { patiently } from '../harness/eventually.ts'
import { hasKernelFeature } from '../harness/kernel-features.ts'
import { Namespace } from '../harness/namespace.ts'
import { needs } from '../harness/needs.ts'

const PLAN = `
apiVersion: warren.dev/v1alpha1
kind: WireGuardNetworkPlan
metadata: { name: home }
spec:
  cidrs: [10.88.0.0/24]
  topology: HubAndSpoke
  hubs: [a]
  interface: { name: wg0, listenPort: 51820 }
  nodes:
  - { name: a, endpoint: "192.0.2.1:51820" }
  - { name: b }
`

const options = {
  ...needs({ root: true, kernel: ['veth', 'nftables'], tools: ['ip', 'nsenter', 'unshare', 'nft'] }),
  timeout: patiently(120_000),
}

interface Visit {
  readonly findings: readonly HostFinding[]
  readonly code: number
}

const doctor = (host: Namespace, ...flags: string[]): Promise<Visit> =>
  new Promise((done, failed) => {
    const words = ['--target', String(host.pid), '--net', '--mount', '--']
    const warren = [resolve('bin/warren'), 'doctor', '-o', 'json', ...flags]
    execFile('nsenter', [...words, ...warren], (error, stdout, stderr) => {
      const code = error === null ? 0 : Number(error.code)
      if (code > 1) failed(new Error(stderr))
      else done({ findings: JSON.parse(stdout) as HostFinding[], code })
    })
  })

const of = ({ findings }: Visit, check: string): HostFinding | undefined =>
  findings.find((one) => one.check === check)

const scene = async (t: TestContext): Promise<{ host: Namespace; plan: string }> => {
  const host = await Namespace.create('patient')
  t.after(() => host.close())
  await host.exec('ip link add eth0 type veth peer name eth1')
  await host.exec('ip link set eth0 up')
  await host.exec('ip link set eth1 up')
  await host.exec('ip address add 192.0.2.1/24 dev eth0')
  await host.exec('ip route add default via 192.0.2.254')
  const dir = mkdtempSync(join(tmpdir(), 'warren-doctor-'))
  t.after(() => rmSync(dir, { recursive: true, force: true }))
  writeFileSync(join(dir, 'home.yaml'), PLAN)
  return { host, plan: join(dir, 'home.yaml') }
}

test('warren doctor tells what the kernel can do, as trying it would', options, async (t) => {
  const { host } = await scene(t)
  const links = async () =>
    (await host.exec('ip -o link show')).split('\n').map((line) => line.split(': ')[1])
  // Tunnel modules that are loaded put links of their own into every namespace.
  const before = await links()
  const visit = await doctor(host)
  const kernel = of(visit, 'kernel')?.says ?? ''
  for (const kind of ['bridge', 'vxlan', 'vrf', 'dummy'] as const) {
    const lacks = kernel.startsWith('lacks') && kernel.includes(kind)
    assert.equal(!lacks, hasKernelFeature(kind), `${kind}: ${kernel}`)
  }
  assert.equal(of(visit, 'wireguard')?.level === 'ok', hasKernelFeature('wireguard'))
  assert.deepEqual(await links(), before)
})

test('warren doctor finds what a plan would collide with, and exits with 1', options, async (t) => {
  const { host, plan } = await scene(t)
  const fit = await doctor(host, '-f', plan, '--node', 'a')
  assert.equal(fit.code, 0, JSON.stringify(fit.findings))
  assert.equal(of(fit, 'addresses')?.level, 'ok')
  await host.exec('ip address add 10.88.0.77/28 dev eth1')
  const taken = await doctor(host, '-f', plan, '--node', 'a')
  assert.match(of(taken, 'addresses')?.says ?? '', /overlaps 10\.88\.0\.77\/28 of eth1/)
  assert.equal(taken.code, 1)
  await host.exec('ip address delete 10.88.0.77/28 dev eth1')
  await host.exec('ip link set eth1 down')
  await host.exec('ip link set eth1 name wg0')
  const named = await doctor(host, '-f', plan, '--node', 'a')
  assert.match(of(named, 'interfaces')?.says ?? '', /there is a link wg0 already/)
})

test('warren doctor finds filters and sysctls that are in the way', options, async (t) => {
  const { host, plan } = await scene(t)
  await host.exec('sysctl -qw net.ipv4.conf.eth0.rp_filter=1 net.ipv6.conf.all.disable_ipv6=1')
  await host.exec('ip link set eth0 mtu 1400')
  await host.exec('nft add table ip filter')
  await host.exec('nft add chain ip filter FORWARD { type filter hook forward priority 0 ; policy drop ; }')
  const visit = await doctor(host, '-f', plan, '--node', 'a')
  assert.match(of(visit, 'rp_filter')?.says ?? '', /strict on eth0/)
  assert.match(of(visit, 'uplink')?.says ?? '', /eth0 carries 1400 bytes, so tunnels through it carry 1320/)
  assert.match(of(visit, 'forward policy')?.says ?? '', /chain FORWARD of table ip filter drops/)
  assert.match(of(visit, 'ipv6')?.says ?? '', /switched off/)
})
