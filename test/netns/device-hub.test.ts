/**
 * A hub between two others, all three `warren device`: what arrives merged at the hub's TUN is forwarded by its kernel
 * and leaves by the same TUN, still merged.
 *
 *      left                      hub                       right
 *   ┌──────────────┐        ┌──────────────┐        ┌──────────────┐
 *   │ wg0 10.9.0.1 │─ veth ─│ wg0 10.9.0.3 │─ veth ─│ wg0 10.9.0.2 │
 *   └──────────────┘ .1  .3 └──────────────┘ .3  .2 └──────────────┘
 *      192.0.2.0/24              forwards             198.51.100.0/24
 */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { resolve } from 'node:path'
import { test, type TestContext } from 'node:test'
import { fileURLToPath } from 'node:url'
import { UapiClient } from '../../src/device/index.ts'
import { eventually, patiently } from '../harness/eventually.ts'
import { pings } from '../harness/interop-suite.ts'
import { Namespace } from '../harness/namespace.ts'
import { needs } from '../harness/needs.ts'
import { makeKeyPair, warrenDevice } from '../harness/wireguard-ends.ts'

const options = { ...needs(warrenDevice.needs), timeout: patiently(90_000) }
const TRANSFER = fileURLToPath(new URL('../harness/tcp-transfer.ts', import.meta.url))

async function makeHost(
  t: TestContext,
  name: string,
  inner: number,
): Promise<{ host: Namespace; uapi: UapiClient }> {
  const host = await Namespace.create(name)
  t.after(() => host.close())
  const child = host.spawn(resolve('bin/warren'), ['device', 'wg0', '--state-dir', '/run/state'])
  if (child.stdout) await once(child.stdout, 'data')
  for (const address of [`10.9.0.${inner}/24`, `fd00:9::${inner}/64`]) {
    await host.exec(`ip address add ${address} dev wg0${address.includes(':') ? ' nodad' : ''}`)
  }
  await host.exec('ip link set wg0 up')
  return { host, uapi: new UapiClient(host.pathOf('/run/wireguard/wg0.sock')) }
}

async function cable(hub: Namespace, spoke: Namespace, o: { net: string; spoke: number }): Promise<void> {
  await hub.exec(`ip link add to-${spoke.name} type veth peer name eth0 netns ${spoke.pid}`)
  await hub.exec(`ip address add ${o.net}.3/24 dev to-${spoke.name}`)
  await hub.exec(`ip link set to-${spoke.name} up`)
  await spoke.exec(`ip address add ${o.net}.${o.spoke}/24 dev eth0`)
  await spoke.exec('ip link set eth0 up')
}

test('a hub forwards TCP between two others, whole and in both families', options, async (t) => {
  const [left, hub, right] = [
    await makeHost(t, 'left', 1),
    await makeHost(t, 'hub', 3),
    await makeHost(t, 'right', 2),
  ]
  await cable(hub.host, left.host, { net: '192.0.2', spoke: 1 })
  await cable(hub.host, right.host, { net: '198.51.100', spoke: 2 })
  await hub.host.exec('sysctl -qw net.ipv4.conf.all.forwarding=1 net.ipv6.conf.all.forwarding=1')
  const keys = { left: makeKeyPair(), hub: makeKeyPair(), right: makeKeyPair() }
  const all = ['10.9.0.0/24', 'fd00:9::/64']
  const spoke = (privateKey: string, endpoint: string) => ({
    privateKey,
    peers: [{ publicKey: keys.hub.publicKey, endpoint, allowedIPs: all, persistentKeepaliveSeconds: 25 }],
  })
  const peer = (publicKey: string, inner: number) => ({
    publicKey,
    allowedIPs: [`10.9.0.${inner}/32`, `fd00:9::${inner}/128`],
  })
  const peers = [peer(keys.left.publicKey, 1), peer(keys.right.publicKey, 2)]
  await hub.uapi.set({ privateKey: keys.hub.privateKey, listenPort: 51820, peers })
  await left.uapi.set(spoke(keys.left.privateKey, '192.0.2.3:51820'))
  await right.uapi.set(spoke(keys.right.privateKey, '198.51.100.3:51820'))
  for (const address of ['10.9.0.2', 'fd00:9::2']) {
    await eventually(() => pings(left.host, address), {
      what: `ping ${address} through the hub`,
      timeoutMs: 20_000,
    })
    await assertTransfers(left.host, right.host, address)
  }
})

async function assertTransfers(from: Namespace, to: Namespace, address: string): Promise<void> {
  const server = to.spawn(process.execPath, [TRANSFER, 'serve', address, '5001'])
  if (server.stdout) await once(server.stdout, 'data')
  const run = async (verb: string) =>
    JSON.parse(await from.exec(`${process.execPath} ${TRANSFER} ${verb} ${address} 5001 8000000`)) as Record<
      string,
      unknown
    >
  const sent = await run('send')
  assert.equal(sent['echoed'], sent['digest'])
  assert.deepEqual(await run('fetch'), { received: 8_000_000, digest: sent['digest'] })
  server.kill('SIGKILL')
}
