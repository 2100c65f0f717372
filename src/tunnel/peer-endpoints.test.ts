/** Names of endpoints: before anything is sent, several addresses, and again when a peer is silent. Virtual time. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Endpoint } from '../protocols/wireguard/index.ts'
import { openTunnelPair, RIGHT, type TunnelPair } from './testing/tunnel-pair.ts'

const NAME = { host: 'gw.example.org', port: 51820 }

interface Named extends TunnelPair {
  /** What the name means, from now on; empty: it does not resolve. */
  means: (...addresses: string[]) => void
  /** Where the left side's initiations went, in order. */
  readonly tried: string[]
  readonly lookups: () => number
}

/** The left side knows the right one by a name only, and the right one does not begin. */
async function openNamed(...addresses: string[]): Promise<Named> {
  let meaning: readonly string[] = addresses
  let lookups = 0
  const lookup = async (host: string): Promise<readonly string[]> => {
    assert.equal(host, NAME.host)
    lookups++
    if (meaning.length === 0) throw Object.assign(new Error('no such name'), { code: 'ENOTFOUND' })
    return meaning
  }
  const pair = await openTunnelPair({ named: NAME, options: { lookup } })
  const tried: string[] = []
  pair.network.fate = ({ from, to, datagram }) => {
    if (datagram[0] === 1 && isFrom(pair, from)) tried.push(to.address)
    return [1]
  }
  return { ...pair, tried, means: (...to: string[]) => (meaning = to), lookups: () => lookups }
}

const isFrom = ({ leftOuter }: TunnelPair, from: Endpoint): boolean => from.address === leftOuter.here.address

test('GL-03 a name is looked up before the first datagram is sent', async () => {
  const pair = await openNamed(RIGHT.outer)
  await pair.engine.until(pair.left.ready())
  assert.deepEqual(pair.tried, [RIGHT.outer])
  assert.equal(pair.left.status().peers[0]?.configuredEndpoint, 'gw.example.org:51820')
  assert.equal(pair.left.status().peers[0]?.endpoint, '192.0.2.2:51820')
  await pair.close()
})

test('GL-03 addresses are tried in turn until one answers', async () => {
  const pair = await openNamed('198.51.100.1', '2001:db8::9', RIGHT.outer)
  await pair.engine.until(pair.left.ready(), 20_000)
  assert.deepEqual(pair.tried, ['198.51.100.1', '2001:db8::9', RIGHT.outer])
  await pair.close()
})

test('GL-03 DNS that is down at the start is asked again, less and less often, and the status says so', async () => {
  const pair = await openNamed()
  await pair.engine.pass(60_000)
  assert.ok(pair.lookups() >= 6 && pair.lookups() <= 9, `${pair.lookups()} lookups in a minute`)
  const [peer] = pair.left.status().peers
  assert.deepEqual([peer?.state, peer?.trouble], ['never', 'gw.example.org does not resolve (ENOTFOUND)'])
  await assert.rejects(pair.engine.until(pair.left.ping(RIGHT.inner)), {
    code: 'EHOSTUNREACH',
    message: /no handshake with peer .*: gw\.example\.org does not resolve \(ENOTFOUND\)$/,
  })
  pair.means(RIGHT.outer)
  await pair.engine.until(pair.left.ready(), 31_000)
  assert.deepEqual(pair.tried, [RIGHT.outer])
  await pair.close()
})

test('GL-03 a gateway that moves is found at its new address, and connections go on', async () => {
  const pair = await openNamed(RIGHT.outer)
  const { engine, network, left, right, rightOuter } = pair
  const heard: string[] = []
  right.listen({
    port: 7,
    onConnection: (stream) => {
      stream.onProgress = () => {
        heard.push(Buffer.from(stream.peek()).toString())
        stream.consume(stream.readableBytes)
      }
    },
  })
  const stream = await engine.until(left.connect({ host: RIGHT.inner, port: 7 }))
  network.move(rightOuter, '203.0.113.77')
  pair.means('203.0.113.77')
  stream.write(Buffer.from('where are you'))
  await engine.pass(60_000)
  assert.equal(heard.join(''), 'where are you')
  assert.equal(left.status().peers[0]?.endpoint, '203.0.113.77:51820')
  assert.equal(left.status().peers[0]?.state, 'up')
  await pair.close()
})

test('a peer that went silent is looked for where it roamed first, then where it is configured', async () => {
  const pair = await openNamed(RIGHT.outer)
  const { engine, network, left, right, rightOuter } = pair
  await engine.until(left.ready())
  network.move(rightOuter, '203.0.113.77')
  await engine.until(right.ping('10.8.0.1'))
  assert.equal(left.status().peers[0]?.endpoint, '203.0.113.77:51820')
  network.move(rightOuter, RIGHT.outer)
  pair.tried.length = 0
  // Else its next keepalive would tell where it is.
  const { fate } = network
  network.fate = (passing) => (isFrom(pair, passing.from) || pair.tried.length > 1 ? fate(passing) : [])
  await assert.rejects(engine.until(left.ping(RIGHT.inner)))
  await engine.pass(30_000)
  assert.deepEqual(pair.tried.slice(0, 2), ['203.0.113.77', RIGHT.outer])
  assert.equal(left.status().peers[0]?.endpoint, '192.0.2.2:51820')
  await pair.close()
})

test('a peer without an endpoint that begins itself is up once it has', async () => {
  const { engine, left, right, close } = await openNamed(RIGHT.outer)
  assert.equal(right.status().peers[0]?.state, 'never')
  await engine.until(left.ready())
  await engine.until(right.ready(), 1000)
  const [peer] = right.status().peers
  assert.deepEqual([peer?.state, peer?.configuredEndpoint], ['up', undefined])
  await close()
})
