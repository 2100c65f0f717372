/**
 * Every example is brought up: those with agents as a lab, with a ping between the machines that the example is
 * about, and the /24 as a user without agents does it, with wg-quick and nothing but the generated files.
 */
import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { execFile } from 'node:child_process'
import { test, type TestContext } from 'node:test'
import { promisify } from 'node:util'
import { eventually, patiently } from '../harness/eventually.ts'
import { connect, Namespace } from '../harness/namespace.ts'
import { needs } from '../harness/needs.ts'

const run = promisify(execFile)
const WARREN = resolve('bin/warren')
const asLab = {
  ...needs({ root: true, kernel: ['tun', 'veth', 'nftables'], tools: ['ping'] }),
  timeout: patiently(150_000),
}

const rows = [
  { example: 'two-nodes.yaml', from: 'lax2', to: ['lax1'] },
  { example: 'mesh-dual-stack.yaml', from: 'office', to: ['laptop', 'tokyo'] },
  { example: 'homelab.yaml', from: 'rpi4', to: ['k3s', 'white-amd'] },
]

for (const { example, from, to } of rows) {
  test(`examples/${example} comes up as a lab, and ${from} reaches ${to.join(' and ')}`, asLab, async (t) => {
    const lab = `applied-${process.pid}-${from}`
    t.after(() => run(WARREN, ['lab', 'down', lab]))
    await run(WARREN, ['lab', 'up', `examples/${example}`, '--name', lab])
    const inLab = async (node: string, ...command: string[]) =>
      (await run(WARREN, ['lab', 'exec', lab, node, '--', ...command])).stdout
    for (const target of to) {
      const status = JSON.parse(await inLab(target, 'cat', '/run/warren/agent.json')) as AgentAddresses
      const [address = ''] = status.interfaces[0]?.addresses[0]?.split(/[ /]/) ?? []
      const ping = () => inLab(from, 'ping', '-n', '-c', '1', '-W', '2', address)
      await eventually(ping, { what: `${from} pings ${target}`, timeoutMs: 20_000 })
    }
  })
}

interface AgentAddresses {
  readonly interfaces: readonly { readonly addresses: readonly string[] }[]
}

const withQuick = {
  ...needs({
    root: true,
    kernel: ['tun', 'veth', 'nftables'],
    tools: ['wg-quick', 'wireguard-go', 'nft', 'ip', 'ping'],
  }),
  timeout: patiently(90_000),
}

/*      hub: the router in front of it forwards port 15220 to 51820 (here a redirect on the hub itself)
 *     .1 │ eth0 192.0.2.0/30        .5 │ eth1 192.0.2.4/30
 *   peer-2, 10.6.0.2              peer-254, 10.6.0.254           they meet through the hub           */
test('examples/kubernetes-24.yaml is generated and comes up with wg-quick alone', withQuick, async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'warren-24-'))
  t.after(() => rmSync(folder, { recursive: true }))
  await run(WARREN, ['generate', 'examples/kubernetes-24.yaml', '--out', join(folder, 'wg')])
  const [hub, first, last] = await hosts(t, ['hub', 'peer-2', 'peer-254'])
  await connect([hub, '192.0.2.1/30'], [first, '192.0.2.2/30'])
  await hub.exec('ip link set eth0 name eth1')
  await hub.exec('ip link set eth1 up')
  await connect([hub, '192.0.2.5/30'], [last, '192.0.2.6/30'])
  await redirect(hub, folder)
  await resolveName(first, { folder, address: '192.0.2.1' })
  await resolveName(last, { folder, address: '192.0.2.5' })
  for (const host of [hub, first, last]) await quickUp(host, join(folder, 'wg', host.name, 'wg0.conf'))
  await eventually(() => first.succeeds('ping -n -c 1 -W 2 10.6.0.1'), { what: 'peer-2 reaches the hub' })
  await eventually(() => last.succeeds('ping -n -c 1 -W 2 10.6.0.1'), { what: 'peer-254 reaches the hub' })
  assert.ok(await first.succeeds('ping -n -c 1 -W 2 10.6.0.254'), 'two peers meet through the hub')
  assert.equal((await hub.exec('wg show wg0 peers')).trim().split('\n').length, 253)
})

async function hosts<const Names extends readonly string[]>(
  t: TestContext,
  names: Names,
): Promise<{ [Index in keyof Names]: Namespace }> {
  const made: Namespace[] = []
  t.after(() => made.forEach((host) => host.close()))
  for (const name of names) made.push(await Namespace.create(name))
  return made as { [Index in keyof Names]: Namespace }
}

async function redirect(hub: Namespace, folder: string): Promise<void> {
  const chain = 'type nat hook prerouting priority dstnat\nudp dport 15220 redirect to :51820'
  const rules = `table ip router {\nchain in {\n${chain}\n}\n}\n`
  writeFileSync(join(folder, 'router.nft'), rules)
  await hub.exec(`nft -f ${join(folder, 'router.nft')}`)
}

async function resolveName(
  host: Namespace,
  { folder, address }: { folder: string; address: string },
): Promise<void> {
  const file = join(folder, `hosts-${host.name}`)
  writeFileSync(file, `${readFileSync('/etc/hosts', 'utf8')}\n${address} example.com\n`)
  await host.exec(`mount --bind ${file} /etc/hosts`)
}

/** With the kernel's WireGuard where there is one; wg-quick itself falls back to wireguard-go. */
async function quickUp(host: Namespace, file: string): Promise<void> {
  await host.exec(`env WG_QUICK_USERSPACE_IMPLEMENTATION=wireguard-go wg-quick up ${file}`)
}
