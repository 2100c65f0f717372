/** Two tunnels in one process, in virtual time: connections both ways, failures that say why, change and end. */
import assert from 'node:assert/strict'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import type { ByteStream } from '../streams/index.ts'
import { openTunnel } from './open-tunnel.ts'
import { LEFT, makeKeys, openTunnelPair, RIGHT, type TunnelPair } from './testing/tunnel-pair.ts'

const text = (stream: ByteStream): string => {
  const bytes = Buffer.from(stream.peek()).toString()
  stream.consume(bytes.length)
  return bytes
}

/** A server on the right that answers with what it gets. */
function serveEcho({ right }: TunnelPair, port = 7): void {
  right.listen({
    port,
    onConnection: (stream) => {
      const look = (): void => {
        const bytes = stream.peek()
        if (bytes.length > 0) stream.consume(stream.write(bytes))
        if (stream.inputEnded) stream.end()
      }
      stream.onProgress = look
      look()
    },
  })
}

async function says(pair: TunnelPair, stream: ByteStream, words: string): Promise<string> {
  stream.write(Buffer.from(words))
  for (let waited = 0; stream.readableBytes < words.length && waited < 60_000; waited += 50)
    await pair.engine.pass(50)
  return text(stream)
}

test('two tunnels shake hands and ping each other in both families', async () => {
  const { engine, left, right, close } = await openTunnelPair()
  await engine.until(left.ready())
  assert.ok((await engine.until(left.ping(RIGHT.inner))) >= 2)
  assert.ok((await engine.until(right.ping(LEFT.inner6))) >= 2)
  const [peer] = left.status().peers
  assert.equal(peer?.state, 'up')
  assert.equal(peer.endpoint, '192.0.2.2:51820')
  await close()
})

test('connect() and listen() in either family; a port that nobody has is refused', async () => {
  const pair = await openTunnelPair()
  const { engine, left, close } = pair
  serveEcho(pair)
  for (const host of [RIGHT.inner, RIGHT.inner6, `[${RIGHT.inner6}]`]) {
    const stream = await engine.until(left.connect({ host, port: 7 }))
    assert.equal(await says(pair, stream, 'hello'), 'hello')
    stream.end()
  }
  await assert.rejects(engine.until(left.connect({ host: RIGHT.inner, port: 8 })), { code: 'ECONNREFUSED' })
  await close()
})

test('UDP inside the tunnel, both ways', async () => {
  const { engine, left, right, close } = await openTunnelPair()
  const heard: string[] = []
  const server = right.openUdp({
    localPort: 5300,
    onDatagram: (bytes, from) => server.send(bytes, from),
  })
  const client = left.openUdp({ onDatagram: (bytes) => heard.push(Buffer.from(bytes).toString()) })
  client.send(Buffer.from('ask'), { address: RIGHT.inner, port: 5300 })
  await engine.pass(100)
  assert.deepEqual(heard, ['ask'])
  await close()
})

test('an address that is no peer’s is refused at once, and a name without DNS servers, each with the cure', async () => {
  const { engine, left, close } = await openTunnelPair()
  await assert.rejects(engine.until(left.connect({ host: '10.99.0.1', port: 80 })), {
    code: 'ENETUNREACH',
    message: "10.99.0.1 is in no peer's AllowedIPs of left",
  })
  await assert.rejects(engine.until(left.connect({ host: 'ollama.internal', port: 80 })), {
    code: 'ENOTFOUND',
    message:
      /ollama\.internal is a name, and this tunnel has no DNS servers: add "DNS = ADDRESS" to the \[Interface\] of left/,
  })
  await close()
})

test('GL-03 a peer that does not answer: connect() fails in its time and says since when', async () => {
  const { engine, network, left, rightSettings, leftSettings, close } = await openTunnelPair()
  network.fate = () => []
  await engine.pass(12_000)
  const [peer] = leftSettings.peers
  await assert.rejects(engine.until(left.connect({ host: RIGHT.inner, port: 7 }, { timeoutMs: 3000 })), {
    code: 'EHOSTUNREACH',
    message: `connect to 10.8.0.2 port 7 through left: no answer in 3 s; no handshake with peer ${peer?.publicKey}: it has never answered: 3 handshakes in 15 s, last at 192.0.2.2:51820`,
  })
  assert.equal(left.status().peers[0]?.state, 'handshaking')
  assert.ok(rightSettings.peers.length > 0)
  await close()
})

test('who has more patience than TCP with its first segment is served when the peer is back', async () => {
  const { engine, network, left, right, close } = await openTunnelPair()
  await engine.until(left.ping(RIGHT.inner))
  right.listen({ port: 7, onConnection: () => {} })
  const way = network.fate
  network.fate = () => []
  const connecting = left.connect({ host: RIGHT.inner, port: 7 }, { timeoutMs: 90_000 })
  await engine.pass(40_000)
  network.fate = way
  const stream = await engine.until(connecting)
  assert.equal(stream.state, 'open')
  await close()
})

test('GL-03 nobody has to send for a silent peer to be tried again, for ever', async () => {
  const { engine, network, left, close } = await openTunnelPair()
  network.fate = () => []
  await engine.pass(600_000)
  assert.equal(left.status().peers[0]?.state, 'handshaking')
  network.fate = () => [1]
  await engine.until(left.ready(), 30_000)
  assert.equal(left.status().peers[0]?.state, 'up')
  await close()
})

test('a connection lives through a minute without the network, and through a change of key and of peers', async () => {
  const pair = await openTunnelPair()
  const { engine, network, left, right, leftSettings, rightSettings, close } = pair
  serveEcho(pair)
  const stream = await engine.until(left.connect({ host: RIGHT.inner, port: 7 }))
  network.fate = () => []
  stream.write(Buffer.from('lost at first'))
  await engine.pass(60_000)
  network.fate = () => [1]
  await engine.pass(60_000)
  assert.equal(text(stream), 'lost at first')

  const fresh = makeKeys()
  const stranger = {
    ...rightSettings.peers[0],
    publicKey: makeKeys().publicKey,
    allowedIPs: ['10.77.0.0/16'],
  }
  left.reconfigure({ ...leftSettings, privateKey: fresh.privateKey, mtuBytes: 1280 })
  right.reconfigure({
    ...rightSettings,
    peers: [
      ...rightSettings.peers.map((peer) => ({ ...peer, publicKey: fresh.publicKey })),
      { persistentKeepaliveSeconds: 0, ...stranger },
    ],
  })
  assert.equal(await says(pair, stream, 'with another key'), 'with another key')
  assert.equal(left.status().publicKey, fresh.publicKey)
  assert.equal(left.status().mtuBytes, 1280)
  assert.equal(right.status().peers.length, 2)
  await close()
})

test('a peer that roams is followed, and answered where it is', async () => {
  const pair = await openTunnelPair()
  const { engine, network, left, right, rightOuter, close } = pair
  serveEcho(pair)
  const stream = await engine.until(left.connect({ host: RIGHT.inner, port: 7 }))
  assert.equal(await says(pair, stream, 'before'), 'before')
  network.move(rightOuter, '198.51.100.9')
  await engine.until(right.ping(LEFT.inner))
  assert.equal(left.status().peers[0]?.endpoint, '198.51.100.9:51820')
  assert.equal(await says(pair, stream, 'after'), 'after')
  await close()
})

test('sessions are renewed under traffic without a pause', async () => {
  const pair = await openTunnelPair()
  const { engine, network, left, close } = pair
  serveEcho(pair)
  let initiations = 0
  network.fate = ({ datagram }) => {
    if (datagram[0] === 1) initiations++
    return [1]
  }
  const stream = await engine.until(left.connect({ host: RIGHT.inner, port: 7 }))
  for (let second = 0; second < 400; second++) {
    stream.write(Buffer.from('tick'))
    await engine.pass(1000)
    assert.equal(text(stream), 'tick')
  }
  assert.ok(initiations >= 4 && initiations < 12, `${initiations} handshakes in 400 s`)
  assert.equal(left.status().counters['stack-tcp-retransmission-timeouts'] ?? 0, 0)
  await close()
})

test('AbortSignal and the end of the tunnel end what is on its way', async () => {
  const pair = await openTunnelPair()
  const { engine, network, left } = pair
  serveEcho(pair)
  const open = await engine.until(left.connect({ host: RIGHT.inner, port: 7 }))
  network.fate = () => []
  const abort = new AbortController()
  const connecting = left.connect({ host: RIGHT.inner, port: 7 }, { signal: abort.signal })
  abort.abort(new Error('changed my mind'))
  await assert.rejects(engine.until(connecting), { message: 'changed my mind' })
  await assert.rejects(left.connect({ host: RIGHT.inner, port: 7 }, { signal: abort.signal }), {
    message: 'changed my mind',
  })
  await engine.until(left.close())
  assert.equal(open.state, 'closed')
  assert.equal(open.failure?.code, 'ECONNABORTED')
  await assert.rejects(left.connect({ host: RIGHT.inner, port: 7 }), { code: 'ECONNABORTED' })
  await engine.until(left.close())
  await pair.close()
})

test('a full socket stops the sending and nothing is lost', async () => {
  const pair = await openTunnelPair()
  const { engine, left, leftOuter, close } = pair
  serveEcho(pair)
  const stream = await engine.until(left.connect({ host: RIGHT.inner, port: 7 }))
  leftOuter.takes = false
  stream.write(Buffer.from('held'))
  await engine.pass(100)
  leftOuter.room()
  await engine.pass(10)
  assert.equal(text(stream), 'held')
  await close()
})

test('no status and no log line has a key that is secret', async () => {
  const lines: string[] = []
  const log = {
    info: (message: string, fields?: object) => lines.push(JSON.stringify([message, fields])),
    warn: (message: string, fields?: object) => lines.push(JSON.stringify([message, fields])),
  }
  const { engine, left, right, leftSettings, close } = await openTunnelPair({ options: { log } })
  await engine.until(left.ready())
  lines.push(JSON.stringify([left.status(), right.status()]))
  await close()
  assert.ok(lines.length > 2)
  assert.ok(!lines.join().includes(leftSettings.privateKey))
})

test('several peers: the longest prefix decides who gets a packet, also after they change', async () => {
  const pair = await openTunnelPair()
  const { engine, network, left, right, leftSettings } = pair
  const keys = makeKeys()
  const third = await openTunnel({
    ...{ engine, outer: network.host('192.0.2.3') },
    settings: {
      ...{
        name: 'third',
        privateKey: keys.privateKey,
        addresses: ['10.8.0.200'],
        dns: [],
        searchDomains: [],
      },
      ...{ listenPort: 51820, mtuBytes: 1420 },
      peers: [
        { publicKey: left.status().publicKey, allowedIPs: ['10.8.0.1/32'], persistentKeepaliveSeconds: 0 },
      ],
    },
  })
  const more = {
    publicKey: keys.publicKey,
    endpoint: { host: '192.0.2.3', port: 51820 },
    allowedIPs: ['10.8.0.128/25'],
    persistentKeepaliveSeconds: 0,
  }
  left.reconfigure({ ...leftSettings, peers: [...leftSettings.peers, more] })
  assert.ok((await engine.until(left.ping('10.8.0.200'))) > 0)
  assert.ok((await engine.until(left.ping(RIGHT.inner))) > 0)
  const hears = (tunnel: typeof left) => tunnel.status().peers[0]?.rxBytes ?? 0
  assert.ok(hears(third) > 0 && hears(right) > 0)
  left.reconfigure(leftSettings)
  const before = hears(third)
  await assert.rejects(engine.until(left.ping('10.8.0.200')), { code: 'ETIMEDOUT' })
  assert.equal(hears(third), before)
  await third.close()
  await pair.close()
})

test('who waits for a handshake hears of the end, or of its own signal', async () => {
  const { engine, network, left, close } = await openTunnelPair()
  network.fate = () => []
  const abort = new AbortController()
  const [waiting, aborted] = [left.ready(), left.ready({ signal: abort.signal })]
  abort.abort(new Error('enough'))
  await assert.rejects(engine.until(aborted), { message: 'enough' })
  const closing = close()
  await assert.rejects(engine.until(waiting), { code: 'ECONNABORTED' })
  await engine.until(closing)
})

test('with a state folder, handshake timestamps go on where the process before left off', async (t) => {
  const stateDir = mkdtempSync(join(tmpdir(), 'warren-tunnel-'))
  t.after(() => rmSync(stateDir, { recursive: true }))
  const saved = () => readFileSync(join(stateDir, 'left.handshake-timestamp'), 'utf8').trim()
  let before = ''
  for (let start = 0; start < 3; start++) {
    const { engine, left, close } = await openTunnelPair({ options: { stateDir } })
    await engine.until(left.ready())
    await close()
    assert.match(saved(), /^[0-9a-f]{24}$/)
    assert.ok(saved() > before)
    before = saved()
  }
  assert.deepEqual(readdirSync(stateDir).toSorted(), [
    'left.handshake-timestamp',
    'right.handshake-timestamp',
  ])
})
