/** The UAPI socket of `warren device` as standard tools use it, and as its text is written (wireguard.com/xplatform). */
import assert from 'node:assert/strict'
import { createConnection } from 'node:net'
import { once } from 'node:events'
import { test, type TestContext } from 'node:test'
import { UapiClient, UapiError } from '../../src/device/index.ts'
import { eventually, patiently } from '../harness/eventually.ts'
import { Namespace } from '../harness/namespace.ts'
import { needs } from '../harness/needs.ts'
import { makeKeyPair, setconf, warrenDevice } from '../harness/wireguard-ends.ts'

const options = { ...needs(warrenDevice.needs), timeout: patiently(60_000) }

async function start(t: TestContext): Promise<{ host: Namespace; client: UapiClient; path: string }> {
  const host = await Namespace.create('device')
  t.after(() => host.close())
  await warrenDevice.start(host, 'wg0')
  const path = host.pathOf('/run/wireguard/wg0.sock')
  return { host, path, client: new UapiClient(path) }
}

const peers = [makeKeyPair(), makeKeyPair()]
const config = {
  privateKey: makeKeyPair().privateKey,
  listenPort: 41820,
  addresses: [],
  peers: [
    {
      publicKey: peers[0]?.publicKey ?? '',
      allowedIPs: ['10.9.0.2/32', 'fd00:9::2/128'],
      endpoint: '192.0.2.2:51820',
      presharedKey: Buffer.alloc(32, 7).toString('base64'),
      keepalive: 25,
    },
    { publicKey: peers[1]?.publicKey ?? '', allowedIPs: ['10.8.0.0/16'], endpoint: '[2001:db8::2]:7' },
  ],
}

test('wg setconf and wg showconf agree through warren device', options, async (t) => {
  const { host } = await start(t)
  await setconf(host, 'wg0', config)
  const shown = await host.exec('wg showconf wg0')
  for (const line of [
    `PrivateKey = ${config.privateKey}`,
    'ListenPort = 41820',
    'AllowedIPs = 10.9.0.2/32, fd00:9::2/128',
    'Endpoint = 192.0.2.2:51820',
    'Endpoint = [2001:db8::2]:7',
    `PresharedKey = ${config.peers[0]?.presharedKey}`,
    'PersistentKeepalive = 25',
  ]) {
    assert.ok(shown.includes(line), `${line} in ${shown}`)
  }
})

test('wg set changes a peer, moves allowed addresses between peers and removes one', options, async (t) => {
  const { host, client } = await start(t)
  await setconf(host, 'wg0', config)
  const [first, second] = config.peers
  await host.exec(`wg set wg0 peer ${second?.publicKey} allowed-ips 10.9.0.2/32 persistent-keepalive 5`)
  const state = await client.get()
  const allowed = Object.fromEntries(state.peers.map((peer) => [peer.publicKey, peer.allowedIPs]))
  assert.deepEqual(allowed, {
    [first?.publicKey ?? '']: ['fd00:9::2/128'],
    [second?.publicKey ?? '']: ['10.9.0.2/32'],
  })
  await host.exec(`wg set wg0 peer ${first?.publicKey} remove`)
  assert.equal((await client.get()).peers.length, 1)
})

test('warren device listens on one port in both families, and moves when told', options, async (t) => {
  const { host, client } = await start(t)
  const ports = async () => {
    const lines = (await host.exec('ss -Hunl')).trim().split('\n')
    return lines.map((line) => line.trim().split(/\s+/)[3] ?? '').toSorted((a, b) => (a < b ? -1 : 1))
  }
  const { listenPort } = await client.get()
  assert.deepEqual(await ports(), [`0.0.0.0:${listenPort}`, `[::]:${listenPort}`])
  // More often than there are sockets made in advance.
  for (const port of [41001, 41002, 41003, 41004, 41005, 41006, 41007, 41008, 41009]) {
    await host.exec(`wg set wg0 listen-port ${port}`)
    assert.deepEqual(await ports(), [`0.0.0.0:${port}`, `[::]:${port}`])
  }
  await client.set({ listenPort: 0, peers: [] })
  assert.notEqual((await client.get()).listenPort, 41009)
})

test('warren device refuses a port that is taken, and keeps the old one', options, async (t) => {
  const { host, client } = await start(t)
  await warrenDevice.start(host, 'wg1')
  const other = await new UapiClient(host.pathOf('/run/wireguard/wg1.sock')).get()
  const before = await client.get()
  const refused = client.set({ listenPort: other.listenPort, peers: [] })
  await assert.rejects(refused, (error) => error instanceof UapiError && error.errno === 98)
  assert.equal((await client.get()).listenPort, before.listenPort)
})

test('warren device refuses another mark than it was started with', options, async (t) => {
  const { client } = await start(t)
  await client.set({ fwmark: 0, peers: [] })
  await assert.rejects(
    client.set({ fwmark: 51820, peers: [] }),
    (error) => error instanceof UapiError && error.errno === 1,
  )
})

test('warren device answers several requests on one connection, however they are cut', options, async (t) => {
  const { path } = await start(t)
  const connection = createConnection(path)
  t.after(() => connection.destroy())
  let answers = ''
  connection.setEncoding('latin1').on('data', (text: string) => (answers += text))
  await once(connection, 'connect')
  for (const piece of ['ge', 't=1\n', '\nset=1\nlisten', '_port=41777\n\nnonsense\n', '\nget=1\n\n']) {
    connection.write(piece)
    await new Promise((resolve) => setImmediate(resolve))
  }
  await eventually(() => answers.split('\n\n').length === 5, { what: answers })
  const [first, second, third, fourth] = answers.split('\n\n')
  assert.match(first ?? '', /errno=0$/)
  assert.equal(second, 'errno=0')
  assert.match(third ?? '', /^errno=-\d+$/)
  assert.match(fourth ?? '', /^listen_port=41777\n(.*\n)*errno=0$/)
})

test('warren device takes a thousand peers in one request', options, async (t) => {
  const { client } = await start(t)
  const many = Array.from({ length: 1000 }, (_, index) => ({
    publicKey: Buffer.from([1, ...Buffer.alloc(29), index >> 8, index & 255]).toString('base64'),
    allowedIPs: [`10.${index >> 8}.${index & 255}.0/24`],
  }))
  await client.set({ peers: many })
  const state = await client.get()
  assert.deepEqual(
    state.peers.map(({ publicKey, allowedIPs }) => ({ publicKey, allowedIPs: [...allowedIPs] })),
    many,
  )
})
