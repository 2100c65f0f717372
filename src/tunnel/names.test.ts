/** Names asked inside the tunnel, in virtual time: the right side is the server. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { answerDns, type Zone } from '../../test/harness/dns-zone.ts'
import { frameForTcp, TcpMessageReader } from '../protocols/dns/index.ts'
import { openTunnelPair, RIGHT, type TunnelPair } from './testing/tunnel-pair.ts'

const MANY = Array.from({ length: 60 }, (_, index) => `10.8.7.${index + 1}`)
const ZONE: Zone = {
  'web.internal': [RIGHT.inner6, RIGHT.inner],
  'half.internal': ['fd00:8::99', RIGHT.inner],
  'many.internal': MANY,
}

interface WithNames extends TunnelPair {
  readonly asked: () => number
}

async function openWithNames(zone: Zone | undefined = ZONE): Promise<WithNames> {
  const pair = await openTunnelPair({ left: { dns: [RIGHT.inner], searchDomains: ['internal'] } })
  let asked = 0
  if (zone !== undefined) serve(pair, zone, () => asked++)
  return { ...pair, asked: () => asked }
}

function serve({ right }: TunnelPair, zone: Zone, onQuery: () => void): void {
  const udp = right.openUdp({
    localPort: 53,
    onDatagram: (query, from) => {
      onQuery()
      const answer = answerDns(zone, query, { overTcp: false })
      if (answer !== undefined) udp.send(answer, from)
    },
  })
  right.listen({
    port: 53,
    onConnection: (stream) => {
      const reader = new TcpMessageReader()
      const look = (): void => {
        while (stream.readableBytes > 0) stream.consume(reader.push(stream.peek()))
        const query = reader.take()
        const answer = query && answerDns(zone, query, { overTcp: true })
        if (answer !== undefined) stream.write(frameForTcp(answer))
      }
      stream.onProgress = look
      look()
    },
  })
}

test('GL-06 a name is asked at the tunnel’s DNS servers, with the search domains, and kept', async () => {
  const { engine, left, asked, close } = await openWithNames()
  assert.deepEqual(await engine.until(left.resolve('web.internal')), [RIGHT.inner6, RIGHT.inner])
  assert.deepEqual(await engine.until(left.resolve('web')), [RIGHT.inner6, RIGHT.inner])
  assert.equal(asked(), 2)
  await assert.rejects(engine.until(left.resolve('other.internal')), {
    code: 'ENOTFOUND',
    message: /other\.internal has no address.*\(inside left\)/,
  })
  await close()
})

test('an answer too long for UDP is fetched over TCP', async () => {
  const { engine, left, close } = await openWithNames()
  const found = await engine.until(left.resolve('many.internal'))
  assert.deepEqual(found.toSorted(), MANY.toSorted())
  await close()
})

test('connect() to a name tries its addresses: one that does not answer costs a quarter of a second', async () => {
  const { engine, left, right, network, close } = await openWithNames()
  right.listen({ port: 7, onConnection: () => {} })
  await engine.until(left.ready())
  const sinceMs = engine.nowMs()
  network.fate = () => [1]
  const stream = await engine.until(left.connect({ host: 'half.internal', port: 7 }))
  assert.equal(stream.remote.address, RIGHT.inner)
  assert.ok(engine.nowMs() - sinceMs < 500)
  await close()
})

test('GL-06 servers that no peer carries packets to are not asked another way: an error that says so', async () => {
  const pair = await openTunnelPair({ left: { dns: ['1.1.1.1', '9.9.9.9'] } })
  const { engine, left, leftSettings } = pair
  await assert.rejects(engine.until(left.connect({ host: 'web.internal', port: 80 })), {
    code: 'ENETUNREACH',
    message:
      "web.internal cannot be asked for: the DNS of left, 1.1.1.1 and 9.9.9.9, is in no peer's AllowedIPs",
  })
  serve(pair, ZONE, () => {})
  left.reconfigure({ ...leftSettings, dns: ['1.1.1.1', RIGHT.inner] })
  assert.deepEqual(await engine.until(left.resolve('web.internal')), [RIGHT.inner6, RIGHT.inner])
  await pair.close()
})

test('servers that do not answer: it says so in its time, with what is wrong with the tunnel', async () => {
  const { engine, network, left, close } = await openWithNames()
  network.fate = () => []
  await assert.rejects(engine.until(left.connect({ host: 'web', port: 80 }, { timeoutMs: 7000 })), {
    code: 'EHOSTUNREACH',
    message: /^resolve web through left: no answer in 7 s; no handshake with peer .* it has never answered/,
  })
  await close()
})
