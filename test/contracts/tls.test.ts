/** TLS over both engines and over a pair in memory: the contract of every stream, and who is trusted. */
import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { connect } from 'node:tls'
import {
  type Engine,
  openEngine,
  type SocketStream,
  tlsClient,
  type TlsClientOptions,
  tlsServer,
  tlsServerContext,
} from '../../src/sockets/index.ts'
import { type ByteStream, streamPair } from '../../src/streams/index.ts'
import { makeCertificate, type TestCertificate } from '../harness/certificate.ts'
import { eventually } from '../harness/eventually.ts'
import { needs } from '../harness/needs.ts'
import { byteStreamContract } from './byte-stream.ts'

const openssl = needs({ tools: ['openssl'] })
const certificate: TestCertificate =
  openssl.skip === undefined ? makeCertificate('DNS:web.internal', 'IP:127.0.0.1') : { cert: '', key: '' }
const other: TestCertificate =
  openssl.skip === undefined ? makeCertificate('DNS:other.internal') : certificate

const until = async (check: () => boolean, what: string): Promise<void> =>
  void (await eventually(check, { what, intervalMs: 1 }))

if (openssl.skip === undefined) {
  for (const kind of ['native', 'plain'] as const) {
    byteStreamContract(`TLS, ${kind}`, { connect: async (t) => await handshaken(open(t, kind)), until })
  }
  byteStreamContract('TLS, in memory', {
    connect: async (t) => {
      const { turns } = open(t, 'plain')
      const [near, far] = streamPair()
      const server = tlsServer(far, { turns, context: tlsServerContext(certificate) })
      const client = tlsClient(near, { turns, host: 'web.internal', ca: certificate.cert })
      await until(() => client.state === 'open' && server.state === 'open', 'both are open')
      return [client, server]
    },
    until,
  })
}

test('a client trusts a name or an address that the certificate is for', openssl, async (t) => {
  for (const host of ['web.internal', '127.0.0.1']) {
    const client = await ask(t, { host, ca: certificate.cert })
    assert.deepEqual([client.state, client.failure], ['open', undefined])
  }
})

test('a client refuses a certificate for another name, or by nobody it knows', openssl, async (t) => {
  for (const [options, words] of [
    [{ host: 'elsewhere.internal', ca: certificate.cert }, /altnames/],
    [{ host: '127.0.0.2', ca: certificate.cert }, /altnames/],
    [{ host: 'web.internal', ca: other.cert }, /self-signed|unable to verify/],
    [{ host: 'web.internal' }, /self-signed/],
  ] as const) {
    const client = await ask(t, options)
    assert.equal(client.state, 'closed')
    assert.equal(client.failure?.code, 'EPROTO')
    assert.match(client.failure.message, words)
  }
})

test('a client that was told to trusts anybody', openssl, async (t) => {
  const client = await ask(t, { host: 'elsewhere.internal', insecure: true })
  assert.equal(client.state, 'open')
})

test('a server refuses what is no TLS, and a client a server that has none', openssl, async (t) => {
  const engine = open(t, 'native')
  const { turns } = engine
  const [a, b] = streamPair()
  const server = tlsServer(b, { turns, context: tlsServerContext(certificate) })
  a.write(new TextEncoder().encode('GET / HTTP/1.1\r\n\r\n'))
  await eventually(() => server.failure?.code === 'EPROTO')
  const [c, d] = streamPair()
  const client = tlsClient(c, { turns, host: 'web.internal', insecure: true })
  d.write(new TextEncoder().encode('HTTP/1.1 400 Bad Request\r\n\r\n'))
  await eventually(() => client.failure?.code === 'EPROTO')
})

test('a connection that breaks below is a failure above', openssl, async (t) => {
  const { turns } = open(t, 'plain')
  const [near, far] = streamPair()
  const server = tlsServer(far, { turns, context: tlsServerContext(certificate) })
  const client = tlsClient(near, { turns, host: 'web.internal', ca: certificate.cert })
  await eventually(() => client.state === 'open' && server.state === 'open')
  near.fail('ETIMEDOUT')
  await eventually(() => client.failure?.code === 'ETIMEDOUT')
})

test(
  'HTTP/1.1 is agreed on by ALPN, and a client that only knows another protocol is refused',
  openssl,
  async (t) => {
    const engine = open(t, 'native')
    const context = tlsServerContext(certificate)
    const { port } = await engine.listen({
      address: '127.0.0.1',
      port: 0,
      onConnection: (stream) => void tlsServer(stream, { turns: engine.turns, context }),
    })
    const options = { host: '127.0.0.1', port, rejectUnauthorized: false }
    const agreed = connect({ ...options, ALPNProtocols: ['h2', 'http/1.1'] })
    await eventually(() => agreed.alpnProtocol === 'http/1.1')
    agreed.destroy()
    let refusal = ''
    const refused = connect({ ...options, ALPNProtocols: ['h2'] })
    refused.on('error', ({ message }) => (refusal = message))
    await eventually(() => refusal !== '')
    assert.match(refusal, /no application protocol/i)
  },
)

test('a certificate that does not fit its key is refused when it is read', openssl, () => {
  assert.throws(() => tlsServerContext({ cert: certificate.cert, key: other.key }))
  assert.throws(() => tlsServerContext({ cert: 'nothing', key: certificate.key }))
})

function open(t: TestContext, kind: 'native' | 'plain'): Engine {
  const engine = openEngine({ kind })
  t.after(() => engine.close())
  return engine
}

async function handshaken(engine: Engine): Promise<readonly [ByteStream, ByteStream]> {
  const { turns } = engine
  const context = tlsServerContext(certificate)
  const servers: SocketStream[] = []
  const { port } = await engine.listen({
    address: '127.0.0.1',
    port: 0,
    onConnection: (stream) => void servers.push(tlsServer(stream, { turns, context })),
  })
  const below = engine.connect({ address: '127.0.0.1', port })
  await until(() => below.state === 'open', 'it is connected')
  const client = tlsClient(below, { turns, host: 'web.internal', ca: certificate.cert })
  await until(() => client.state === 'open' && servers[0]?.state === 'open', 'the handshake is done')
  return [client, servers[0] as SocketStream]
}

/** A client of a server with our certificate, when it is open or has failed. */
async function ask(t: TestContext, options: Omit<TlsClientOptions, 'turns'>): Promise<ByteStream> {
  const { turns } = open(t, 'plain')
  const [near, far] = streamPair()
  tlsServer(far, { turns, context: tlsServerContext(certificate) })
  const client = tlsClient(near, { turns, ...options })
  await eventually(() => client.state !== 'opening')
  return client
}
