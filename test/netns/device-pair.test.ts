/**
 * `warren device` against itself: the suite that also judges it against others, then what only we can ask of both
 * ends. Topology: test/harness/interop-suite.ts.
 */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { resolve } from 'node:path'
import { test, type TestContext } from 'node:test'
import { fileURLToPath } from 'node:url'
import { UapiClient } from '../../src/device/index.ts'
import { eventually, patiently } from '../harness/eventually.ts'
import { interopSuite, pings } from '../harness/interop-suite.ts'
import { connect, Namespace } from '../harness/namespace.ts'
import { needs } from '../harness/needs.ts'
import { makeKeyPair, warrenDevice } from '../harness/wireguard-ends.ts'

interopSuite(warrenDevice)

const options = { ...needs(warrenDevice.needs), timeout: patiently(90_000) }
const TRANSFER = fileURLToPath(new URL('../harness/tcp-transfer.ts', import.meta.url))

interface Pair {
  readonly left: Namespace
  readonly right: Namespace
  readonly leftUapi: UapiClient
}

async function makePair(t: TestContext, args: { left?: string[]; right?: string[] } = {}): Promise<Pair> {
  const [left, right] = [await Namespace.create('left'), await Namespace.create('right')]
  t.after(() => {
    left.close()
    right.close()
  })
  await connect([left, '192.0.2.1/24'], [right, '192.0.2.2/24'])
  const [leftKey, rightKey] = [makeKeyPair(), makeKeyPair()]
  const leftUapi = await start(left, args.left ?? [])
  const rightUapi = await start(right, args.right ?? [])
  const allowedIPs = (host: number) => [`10.9.0.${host}/32`, `fd00:9::${host}/128`]
  await leftUapi.set({
    ...{ privateKey: leftKey.privateKey, listenPort: 51820 },
    peers: [{ publicKey: rightKey.publicKey, endpoint: '192.0.2.2:51820', allowedIPs: allowedIPs(2) }],
  })
  await rightUapi.set({
    ...{ privateKey: rightKey.privateKey, listenPort: 51820 },
    peers: [{ publicKey: leftKey.publicKey, allowedIPs: allowedIPs(1) }],
  })
  for (const [host, number] of [[left, 1] as const, [right, 2] as const]) {
    await host.exec(`ip address add 10.9.0.${number}/24 dev wg0`)
    await host.exec(`ip address add fd00:9::${number}/64 dev wg0 nodad`)
    await host.exec('ip link set wg0 up')
  }
  await eventually(() => pings(left, '10.9.0.2'), { what: 'the first ping' })
  return { left, right, leftUapi }
}

async function start(host: Namespace, args: readonly string[]): Promise<UapiClient> {
  const child = host.spawn(resolve('bin/warren'), ['device', 'wg0', '--state-dir', '/run/state', ...args])
  if (child.stdout) await once(child.stdout, 'data')
  return new UapiClient(host.pathOf('/run/wireguard/wg0.sock'))
}

async function assertTransfers({ left, right }: Pair, address: string): Promise<void> {
  const server = right.spawn(process.execPath, [TRANSFER, 'serve', address, '5001'])
  if (server.stdout) await once(server.stdout, 'data')
  const run = async (verb: string) =>
    JSON.parse(await left.exec(`${process.execPath} ${TRANSFER} ${verb} ${address} 5001 8000000`)) as Record<
      string,
      unknown
    >
  const sent = await run('send')
  assert.equal(sent['echoed'], sent['digest'])
  assert.deepEqual(await run('fetch'), { received: 8_000_000, digest: sent['digest'] })
  server.kill('SIGKILL')
}

for (const [where, args] of [
  ['at neither end', {}],
  ['at one end', { left: ['--no-offload'] }],
  ['at the other end', { right: ['--no-offload'] }],
  ['at both ends', { left: ['--no-offload'], right: ['--no-offload'] }],
] as const) {
  test(`TCP arrives whole with offloads turned off ${where}`, options, async (t) => {
    const pair = await makePair(t, {
      left: [...('left' in args ? args.left : [])],
      right: [...('right' in args ? args.right : [])],
    })
    await assertTransfers(pair, '10.9.0.2')
    await assertTransfers(pair, 'fd00:9::2')
  })
}

test(
  'TCP arrives whole over a path too small for the datagrams, which are then fragmented',
  options,
  async (t) => {
    const pair = await makePair(t)
    await pair.left.exec('ip link set eth0 mtu 1300')
    await pair.right.exec('ip link set eth0 mtu 1300')
    await assertTransfers(pair, '10.9.0.2')
  },
)

const BURST = fileURLToPath(new URL('../harness/udp-burst.ts', import.meta.url))

for (const [name, address] of [
  ['IPv4', '10.9.0.2'],
  ['IPv6', 'fd00:9::2'],
] as const) {
  test(`a burst of UDP over ${name} arrives whole and in order`, options, async (t) => {
    const { left, right } = await makePair(t)
    const server = right.spawn(process.execPath, [BURST, 'serve', address, '7777', '40'])
    let output = ''
    server.stdout?.on('data', (chunk: Buffer) => (output += chunk.toString()))
    await eventually(() => output.includes('ready'), { what: 'the receiver' })
    await left.exec(`${process.execPath} ${BURST} send ${address} 7777 40 1200`)
    if (server.exitCode === null) await once(server, 'exit')
    const { datagrams } = JSON.parse(output.replace('ready', '')) as { datagrams: number; bursts: number }
    assert.equal(datagrams, 40)
  })
}

test('a packet of the largest size passes in both families', options, async (t) => {
  const { left } = await makePair(t)
  assert.ok(await left.succeeds('ping -c 1 -W 3 -M do -s 1392 10.9.0.2'))
  assert.ok(await left.succeeds('ping -c 1 -W 3 -M do -s 1372 fd00:9::2'))
})

test('warren device answers from the address that it was asked at', options, async (t) => {
  const { left, right, leftUapi } = await makePair(t)
  await right.exec('ip address add 192.0.2.99/24 dev eth0')
  const [peer] = (await leftUapi.get()).peers
  await leftUapi.set({
    peers: [{ publicKey: peer?.publicKey ?? '', endpoint: '192.0.2.99:51820', allowedIPs: [] }],
  })
  assert.ok(await pings(left, '10.9.0.2'))
  const [after] = (await leftUapi.get()).peers
  assert.equal(after?.endpoint, '192.0.2.99:51820')
})

test('warren device goes on after its own address went away', options, async (t) => {
  const { left, right } = await makePair(t)
  assert.ok(await pings(right, '10.9.0.1'))
  await left.exec('ip address add 192.0.2.50/24 dev eth0')
  await left.exec('ip address delete 192.0.2.1/24 dev eth0')
  await left.exec('ip address replace 192.0.2.50/24 dev eth0')
  await eventually(() => pings(left, '10.9.0.2'), { what: 'ping from the other address' })
  assert.ok(await pings(right, '10.9.0.1'))
})

test('warren device marks what it sends, also after its port has changed', options, async (t) => {
  const { left, leftUapi } = await makePair(t, { left: ['--fwmark', '7'] })
  assert.equal((await leftUapi.get()).fwmark, 7)
  for (const listenPort of [51820, 51999]) {
    await leftUapi.set({ listenPort, fwmark: 7, peers: [] })
    await eventually(() => pings(left, '10.9.0.2'), { what: 'ping without a rule' })
    await left.exec('ip rule add fwmark 7 prohibit')
    assert.equal(await pings(left, '10.9.0.2'), false)
    await left.exec('ip rule delete fwmark 7 prohibit')
  }
})

test('warren device follows a change of the link MTU', options, async (t) => {
  const pair = await makePair(t)
  for (const host of [pair.left, pair.right]) await host.exec('ip link set wg0 mtu 1280')
  await assertTransfers(pair, '10.9.0.2')
  for (const host of [pair.left, pair.right]) await host.exec('ip link set wg0 mtu 1400')
  await assertTransfers(pair, '10.9.0.2')
})
