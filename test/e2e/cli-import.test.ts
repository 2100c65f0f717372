/** `warren import` of the folders of systemd-networkd and netplan, as a user runs it. */
import assert from 'node:assert/strict'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { filesBelow, runWarren, temporaryDirectory } from './run-warren.ts'

const PRIVATE = 'ODyTjMvoLv5lLk2vXfQXQYjXGiJ5fMGi2jTO3VtFtVU='
const PEER = 'xTIBA5rboUvnH4htodjb6e697QjLERt1NAB4mZqp8Dg='

test('a folder of systemd-networkd becomes objects that are valid, with keys in a file of their own', async (t) => {
  const directory = temporaryDirectory(t)
  const network = join(directory, 'network')
  mkdirSync(join(network, 'wg0.netdev.d'), { recursive: true })
  const keyFile = join(directory, 'wg0.key')
  const files: Readonly<Record<string, string>> = {
    [keyFile]: `${PRIVATE}\n`,
    [join(network, 'wg0.netdev')]:
      `[NetDev]\nName=wg0\nKind=wireguard\n[WireGuard]\nPrivateKeyFile=${keyFile}\n`,
    [join(network, 'wg0.netdev.d', 'peer.conf')]:
      `[WireGuardPeer]\nPublicKey=${PEER}\nAllowedIPs=10.9.0.0/24\n`,
    [join(network, 'wg0.network')]: '[Match]\nName=wg0\n[Network]\nAddress=10.9.0.2/24\nVXLAN=seg0\n',
    [join(network, 'seg0.netdev')]:
      '[NetDev]\nName=seg0\nKind=vxlan\n[VXLAN]\nVNI=142\nRemote=10.9.0.1\nDestinationPort=4789\nFlowLabel=7\n\u001b[2J=1\n',
    [join(network, 'seg0.network')]: '[Match]\nName=seg0\n[Network]\nAddress=10.142.0.2/24\n',
    [join(network, 'eth0.link')]: '[Match]\nOriginalName=*\n',
  }
  for (const [file, text] of Object.entries(files)) writeFileSync(file, text)
  const { status, stdout, stderr } = await runWarren(['import', 'network', '--node', 'host'], {
    cwd: directory,
  })
  assert.equal(status, 0, stderr)
  assert.ok(!`${stdout}${stderr}`.includes(PRIVATE))
  assert.ok(!stderr.includes('\u001b[2J'), 'what is left out steers no terminal')
  assert.match(stderr, /^ {2}network\/seg0\.netdev:8: \[VXLAN\] FlowLabel$/m)
  assert.match(stderr, /^ {2}network\/eth0\.link: all of it$/m)
  const secrets = filesBelow(directory)['host-wg0.secrets.yaml']
  assert.equal(secrets?.mode, 0o600)
  assert.ok(secrets.text.includes(PRIVATE))
  writeFileSync(join(directory, 'here.yaml'), stdout)
  const plan = await runWarren(['plan', 'here.yaml', 'host-wg0.secrets.yaml'], { cwd: directory })
  assert.equal(plan.status, 0, plan.stderr)
  assert.match(plan.stdout, /^host +wg0 +10\.9\.0\.2\/24 /m)
  assert.match(plan.stdout, /^host +seg0 +vxlan +10\.142\.0\.2\/24 /m)
})

test('a folder of netplan becomes objects, and a folder of nothing says so', async (t) => {
  const directory = temporaryDirectory(t)
  mkdirSync(join(directory, 'netplan'))
  writeFileSync(
    join(directory, 'netplan', '10-br.yaml'),
    'network:\n  version: 2\n  ethernets: { eth0: { dhcp4: true } }\n  bridges:\n    br0: { interfaces: [eth0], addresses: [10.0.0.2/24] }\n',
  )
  const { status, stdout, stderr } = await runWarren(['import', 'netplan', '--node', 'host'], {
    cwd: directory,
  })
  assert.equal(status, 0, stderr)
  assert.match(stdout, /type: bridge\n/)
  assert.match(stderr, /network\.ethernets\.eth0: dhcp4: hardware stays with whoever has it/)
  mkdirSync(join(directory, 'empty'))
  const nothing = await runWarren(['import', 'empty'], { cwd: directory })
  assert.deepEqual([nothing.status, nothing.stdout], [0, ''])
  assert.match(nothing.stderr, /There is no interface here that can be declared\./)
})
