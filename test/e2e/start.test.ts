/**
 * The demonstration, as users run it: as root with everything installed, and as a plain user on a base system. The
 * base system is made from this one by a mount namespace that hides the tools; the plain user gets a TUN device of
 * mode 0666 there, as udev would give him, without touching the real one.
 */
import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { test } from 'node:test'
import { patiently } from '../harness/eventually.ts'
import { needs } from '../harness/needs.ts'
import { runWarren, temporaryDirectory } from './run-warren.ts'
import { NPM_START, run, type Started } from './start-runs.ts'

const kernel = ['tun', 'veth', 'bridge', 'nftables'] as const
const timeout = patiently(200_000)

/** What no demonstration may lack, whoever runs it. */
function assertEverythingHeld({ status, output, result }: Started): void {
  assert.equal(status, 0, output)
  assert.ok(result, output)
  const { healMs, convergeMs, forbiddenChecked, interop, links, ...rest } = result
  assert.deepEqual(rest, {
    hosts: 6,
    backend: rest.backend,
    reachable: 60,
    expected: 60,
    forbidden: 0,
    openPorts: ['phy01/udp/51820'],
    streamSurvived: true,
    hostUnchanged: true,
  })
  assert.deepEqual(Object.keys(healMs), ['interface', 'address', 'peer', 'link'])
  for (const ms of Object.values(healMs)) assert.ok(typeof ms === 'number', output)
  assert.ok(convergeMs > 0 && forbiddenChecked > 40)
  // A machine without an agent has nobody to withdraw a direct path, so its neighbour goes through the hub.
  assert.equal(links, interop === null ? 7 : 6)
}

const withTools = needs({ root: true, kernel, tools: ['unshare', 'wg', 'wg-quick', 'wireguard-go', 'ip'] })

test('npm start -- --once shows six machines, every promise held, one of them wireguard-go', {
  ...withTools,
  timeout,
}, async () => {
  const started = await run(NPM_START)
  assertEverythingHeld(started)
  assert.equal(started.result?.interop, 'wireguard-go')
})

/** Not in a base system, or not to be used: the demonstration has to do without. */
const HIDDEN = 'ip tc bridge ss nft ping wg wg-quick wireguard-go python3 curl iperf3 nc iptables'

const AS_PLAIN_USER = `
set -eu
for tool in ${HIDDEN}; do
  for folder in /usr/bin /usr/sbin /usr/local/bin /usr/local/sbin; do
    [ ! -e "$folder/$tool" ] || mount --bind /dev/null "$folder/$tool"
  done
done
mount -t tmpfs -o mode=755 tmpfs /mnt
mknod -m 0666 /mnt/tun c 10 200
mount --bind /mnt/tun /dev/net/tun
mkdir /mnt/repository /mnt/home
chown 54321:54321 /mnt/home
mount --bind "$1" /mnt/repository
cd /mnt/repository
exec setpriv --reuid 54321 --regid 54321 --clear-groups env -u XDG_RUNTIME_DIR -u XDG_CACHE_HOME HOME=/mnt/home \\
  bin/warren start --once --json
`

const asUser = needs({ root: true, kernel: [...kernel, 'userns'], tools: ['unshare', 'setpriv'] })

test('a plain user on a base system, without ip, nft, ping and wg, sees the same', {
  ...asUser,
  timeout,
}, async () => {
  const started = await run(['unshare', '--mount', 'sh', '-c', AS_PLAIN_USER, 'sh', resolve('.')])
  assertEverythingHeld(started)
  assert.equal(started.result?.interop, null)
  assert.match(started.output, /apt-get install wireguard-go wireguard-tools iproute2/)
  assert.match(started.output, /nftables not readable without root/)
})

/** The real sysctl is not touched: a file stands before it, for this process tree alone. */
const REFUSED = `
set -eu
mount -t tmpfs -o mode=755 tmpfs /mnt
echo 0 > /mnt/zero
mount --bind /mnt/zero /proc/sys/user/max_user_namespaces
mknod -m 0600 /mnt/tun c 10 200
mount --bind /mnt/tun /dev/net/tun
mkdir /mnt/repository
mount --bind "$1" /mnt/repository
cd /mnt/repository
exec setpriv --reuid 54321 --regid 54321 --clear-groups env HOME=/nonexistent bin/warren start --once
`

test('where the system forbids it, a plain user is told what is missing and the command that allows it', {
  ...asUser,
  timeout,
}, async () => {
  const { status, output } = await run(['unshare', '--mount', 'sh', '-c', REFUSED, 'sh', resolve('.')])
  assert.equal(status, 69, output)
  assert.match(output, /user namespaces are off: user\.max_user_namespaces is 0/)
  assert.match(output, /sudo sysctl -w user\.max_user_namespaces=15000/)
  assert.match(output, /\/dev\/net\/tun is not open to this user/)
  assert.match(output, /sudo chmod 0666 \/dev\/net\/tun/)
})

test('a plan that is wrong is bad input, with every problem, before anything is made', async (t) => {
  const file = join(temporaryDirectory(t), 'wrong.yaml')
  const nodes = '[{ name: hub }, { name: a }, { name: a }]'
  writeFileSync(
    file,
    `apiVersion: warren.dev/v1alpha1\nkind: WireGuardNetworkPlan\nmetadata: { name: x }\nspec: { cidrs: [10.0.0.0/24], hubs: [hub], nodes: ${nodes} }\n`,
  )
  const { status, stdout, stderr } = await runWarren(['start', file, '--once'])
  assert.equal(status, 2)
  assert.equal(stdout, '')
  assert.match(stderr, /HubWithoutEndpoint/)
  assert.match(stderr, /DuplicateNode/)
})
