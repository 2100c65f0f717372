/** A SOCKS port between clients in memory and a fake tunnel; datagrams go over loopback. */
import assert from 'node:assert/strict'
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { test, type TestContext } from 'node:test'
import { setImmediate as immediate } from 'node:timers/promises'
import { eventually } from '../../../test/harness/eventually.ts'
import { ManualClock } from '../../../test/harness/manual-clock.ts'
import { type ByteStream, type PairedStream, StreamError, streamPair } from '../../streams/index.ts'
import type { DatagramDialer, DatagramOptions, Dialer, HostAndPort } from '../forward/index.ts'
import { encodeSocksDatagram } from './socks-address.ts'
import { SOCKS_HANDSHAKE_MS, SocksServer, type SocksServerOptions } from './socks-server.ts'

const ENDS = { local: { address: '127.0.0.1', port: 40_000 }, remote: { address: '127.0.0.1', port: 1080 } }
const GREETING = Uint8Array.of(5, 1, 0)
const CONNECT = Uint8Array.of(5, 1, 0, 3, 1, 97, 0, 80)
const ASSOCIATE = Uint8Array.of(5, 3, 0, 1, 0, 0, 0, 0, 0, 0)

function served(options: Partial<SocksServerOptions> = {}) {
  const clock = new ManualClock()
  const wanted: HostAndPort[] = []
  const targets: PairedStream[] = []
  const sent: string[] = []
  let refusal: StreamError | undefined
  let inside: DatagramOptions | undefined
  let isInsideOpen = false
  const dialer: Dialer & DatagramDialer = {
    connect: (to): Promise<ByteStream> => {
      wanted.push(to)
      if (refusal !== undefined) return Promise.reject(refusal)
      const [near, far] = streamPair({
        ends: { local: { address: 'fd00::2', port: 5000 }, remote: { address: 'fd00::1', port: to.port } },
      })
      targets.push(far)
      return Promise.resolve(near)
    },
    resolve: (name) =>
      name === 'dns.internal' ? Promise.resolve(['fd00::53']) : Promise.reject(new Error('no')),
    openUdp: (given) => {
      inside = given
      isInsideOpen = true
      return {
        send: (bytes, to) => sent.push(`${new TextDecoder().decode(bytes)} to ${to.address} ${to.port}`) > 0,
        close: () => void (isInsideOpen = false),
      }
    },
  }
  const server = new SocksServer({ dialer: () => dialer, clock, ...options })
  const enter = (): PairedStream => {
    const [client, arrived] = streamPair({ ends: ENDS })
    server.accept(arrived)
    return client
  }
  return {
    ...{ clock, server, wanted, targets, sent, enter },
    refuseWith: (code: 'ECONNREFUSED' | 'ENOTFOUND') => (refusal = new StreamError({ code, message: code })),
    inside: () => inside,
    isInsideOpen: () => isInsideOpen,
  }
}

function read(stream: ByteStream): string {
  let all = ''
  while (stream.readableBytes > 0) {
    const piece = stream.peek()
    all += Buffer.from(piece).toString('hex')
    stream.consume(piece.length)
  }
  return all
}

async function settle(): Promise<void> {
  for (let round = 0; round < 5; round++) await immediate()
}

test('CONNECT: the name goes into the tunnel, and bytes both ways follow the answer', async () => {
  const { server, wanted, targets, enter } = served()
  const client = enter()
  client.write(Uint8Array.of(...GREETING, ...CONNECT, 1, 2, 3))
  await settle()
  assert.deepEqual(wanted, [{ host: 'a', port: 80 }])
  assert.equal(read(client), '050005000004fd0000000000000000000000000000021388')
  const [target] = targets
  assert.ok(target !== undefined)
  assert.equal(read(target), '010203')
  target.write(Uint8Array.of(4))
  target.end()
  client.end()
  await settle()
  assert.equal(read(client), '04')
  await settle()
  assert.deepEqual(server.figures(), {
    ...{ connections: 0, connectionsTotal: 1, receivedBytes: 3, sentBytes: 1, errors: {} },
  })
})

test('CONNECT that fails is answered with the reason, and then the connection ends in order', async () => {
  for (const [code, reply] of [
    ['ECONNREFUSED', '05'],
    ['ENOTFOUND', '04'],
  ] as const) {
    const { server, enter, refuseWith } = served()
    refuseWith(code)
    const client = enter()
    client.write(Uint8Array.of(...GREETING, ...CONNECT))
    await settle()
    assert.equal(read(client), `050005${reply}0001000000000000`)
    assert.deepEqual([client.inputEnded, client.failure], [true, undefined])
    assert.deepEqual(server.figures().errors, { [code]: 1 })
  }
})

test('a client that says nothing, or half of it, is cut after its time; one that ends early is let go', async () => {
  const { clock, server, enter } = served()
  const [silent, half, early] = [enter(), enter(), enter()]
  half.write(Uint8Array.of(5, 1))
  early.write(GREETING)
  early.end()
  await settle()
  assert.equal(server.figures().connections, 2)
  await clock.advance(SOCKS_HANDSHAKE_MS)
  await settle()
  assert.deepEqual(
    [silent, half, early].map(({ state }) => state),
    ['closed', 'closed', 'closed'],
  )
  assert.deepEqual(server.figures().errors, { handshake: 1, 'handshake-timeout': 2 })
  assert.equal(clock.waiting, 0)
})

test('a client of another protocol, and one without the password, are refused and counted', async () => {
  const { clock, server, enter } = served({ users: [{ name: 'ann', password: 'secret' }] })
  const [http, guest] = [enter(), enter()]
  http.write(new TextEncoder().encode('GET / HTTP/1.1\r\n\r\n'))
  guest.write(Uint8Array.of(5, 1, 2, 1, 1, 97, 1, 98))
  await settle()
  assert.deepEqual([read(http), read(guest)], ['', '05020101'])
  assert.deepEqual(server.figures().errors, { malformed: 1, authentication: 1 })
  await clock.advance(2000)
  assert.deepEqual([http.state, guest.state], ['closed', 'closed'])
})

test('handshakes count as connections', async () => {
  const { server, enter } = served({ limits: { connections: 2 } })
  const clients = [enter(), enter(), enter()]
  await settle()
  assert.deepEqual(
    clients.map(({ state }) => state),
    ['open', 'open', 'closed'],
  )
  assert.deepEqual(server.figures().errors, { limit: 1 })
  server.close()
  await settle()
  assert.deepEqual(
    clients.map(({ state }) => state),
    ['closed', 'closed', 'closed'],
  )
})

test('UDP ASSOCIATE: datagrams of the client go to addresses and names inside, and answers come back', async (t) => {
  const world = served()
  const { client, relayPort } = await associated(world)
  const udp = await clientSocket(t)
  const received: string[] = []
  udp.on('message', (bytes) => received.push(bytes.toString('hex')))
  const name = [3, 12, ...new TextEncoder().encode('dns.internal'), 0, 53]
  udp.send(encodeSocksDatagram(new TextEncoder().encode('one'), { address: '10.0.0.9', port: 7 }), relayPort)
  udp.send(Uint8Array.of(0, 0, 0, ...name, 116, 119, 111), relayPort)
  await eventually(() => world.sent.length === 2)
  assert.deepEqual(world.sent.toSorted(), ['one to 10.0.0.9 7', 'two to fd00::53 53'])
  world.inside()?.onDatagram(Uint8Array.of(1), { address: '10.0.0.66', port: 7 })
  world.inside()?.onDatagram(Uint8Array.of(2), { address: '10.0.0.9', port: 7 })
  await eventually(() => received.length === 1)
  assert.deepEqual(received, ['000000010a000009000702'])
  client.end()
  await settle()
  assert.deepEqual([client.state, world.isInsideOpen()], ['closed', false])
  assert.deepEqual(world.server.figures(), {
    ...{ connections: 0, connectionsTotal: 1, receivedBytes: 6, sentBytes: 1, errors: {} },
  })
})

test('UDP ASSOCIATE: fragments, rubbish and names without an address are dropped and counted', async (t) => {
  const world = served()
  const { relayPort } = await associated(world)
  const udp = await clientSocket(t)
  udp.send(Uint8Array.of(0, 0, 1, 1, 10, 0, 0, 9, 0, 7, 1), relayPort)
  udp.send(Uint8Array.of(1), relayPort)
  udp.send(Uint8Array.of(0, 0, 0, 3, 1, 97, 0, 53, 1), relayPort)
  await eventually(() => world.server.figures().errors['ENOTFOUND'] === 1)
  assert.deepEqual(world.server.figures().errors, { malformed: 2, ENOTFOUND: 1 })
  assert.deepEqual(world.sent, [])
  world.server.close()
  assert.equal(world.isInsideOpen(), false)
})

async function associated(world: ReturnType<typeof served>) {
  const client = world.enter()
  client.write(Uint8Array.of(...GREETING, ...ASSOCIATE))
  await eventually(() => client.readableBytes === 12)
  const answer = read(client)
  assert.match(answer, /^0500050000017f000001/)
  return { client, relayPort: Number.parseInt(answer.slice(-4), 16) }
}

async function clientSocket(t: TestContext) {
  const udp = createSocket('udp4')
  t.after(() => udp.close())
  udp.bind(0, '127.0.0.1')
  await once(udp, 'listening')
  return udp
}
