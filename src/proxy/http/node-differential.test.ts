/**
 * Beside node:http on real sockets: what a client gets from an origin through the proxy is what it gets directly, for
 * requests and answers of all framings, kept connections and many at once, with either engine.
 */
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import * as http from 'node:http'
import type { AddressInfo } from 'node:net'
import { after, before, test } from 'node:test'
import { eventually, patiently } from '../../../test/harness/eventually.ts'
import { mulberry32 } from '../../../test/sim/wireguard-network.ts'
import { type Engine, openEngine } from '../../sockets/index.ts'
import { HttpProxy, httpRoute } from './index.ts'

const SEED = 20261121
const REQUESTS = 150
const AT_ONCE = 12
const METHODS = ['GET', 'GET', 'GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'OPTIONS', 'PATCH']
const ANSWERS = [
  'length',
  'chunks',
  'trailers',
  'until-close',
  '204',
  '304',
  'empty',
  'early-hints',
  'slow-pieces',
]
const SIZES = [0, 1, 13, 1000, 16_384, 70_000, 300_000]

const origin = http.createServer((request, answer) => void serve(request, answer))

before(async () => {
  origin.listen(0, '127.0.0.1')
  await once(origin, 'listening')
})
after(() => {
  origin.closeAllConnections()
  origin.close()
})

for (const kind of ['plain', 'native'] as const)
  test(`GL-07 through the proxy (${kind} sockets), node:http gets from node:http what it gets directly`, {
    timeout: patiently(60_000),
  }, async () => {
    const engine = openEngine({ kind })
    const { proxy, port } = await listen(engine)
    const agent = new http.Agent({ keepAlive: true, maxSockets: AT_ONCE })
    const random = mulberry32(SEED)
    const plans = Array.from({ length: REQUESTS }, () => planned(random))
    try {
      const run = async (): Promise<void> => {
        for (let plan = plans.pop(); plan !== undefined; plan = plans.pop()) {
          const direct = await ask(plan, { port: portOf(origin), agent })
          const proxied = await ask(plan, { port, agent })
          assert.deepEqual(
            proxied,
            direct,
            `${plan.method} ${plan.path} with ${plan.bodyBytes} bytes, ${plan.framing}`,
          )
        }
      }
      await Promise.all(Array.from({ length: AT_ONCE }, run))
      assert.ok(proxy.counters.poolHits > REQUESTS / 2, 'connections were kept')
      assert.deepEqual(proxy.counters.failures, {})
      await eventually(() => proxy.status().requests === 0)
    } finally {
      agent.destroy()
      proxy.close()
      engine.close()
    }
  })

test('GL-07 a target on real sockets that refuses connections is a 502', async () => {
  const engine = openEngine({ kind: 'plain' })
  const refusing = http.createServer()
  refusing.listen(0, '127.0.0.1')
  await once(refusing, 'listening')
  const target = portOf(refusing)
  refusing.close()
  await once(refusing, 'close')
  const { proxy, port } = await listen(engine, target)
  try {
    const answer = await ask({ method: 'GET', path: '/', bodyBytes: 0, framing: 'length' }, { port })
    assert.deepEqual([answer.status, answer.headers['warren-error']], [502, 'dial-refused'])
  } finally {
    proxy.close()
    engine.close()
  }
})

async function listen(engine: Engine, target = portOf(origin)): Promise<{ proxy: HttpProxy; port: number }> {
  const proxy = new HttpProxy({
    route: httpRoute({ host: '127.0.0.1', port: target, hostHeader: { name: 'origin.test' } }),
    dial: async () => engine.connect({ address: '127.0.0.1', port: target }),
    ...{ nowMs: () => engine.nowMs(), after: (ms, run) => engine.after(ms, run) },
  })
  const { port } = await engine.listen({
    ...{ address: '127.0.0.1', port: 0 },
    onConnection: (stream) => proxy.serve(stream),
  })
  return { proxy, port }
}

const portOf = (server: http.Server): number => (server.address() as AddressInfo).port

interface Plan {
  readonly method: string
  readonly path: string
  readonly bodyBytes: number
  readonly framing: 'length' | 'chunks'
}

function planned(random: () => number): Plan {
  const pick = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)]!
  const method = pick(METHODS)
  const hasBody = method === 'POST' || method === 'PUT' || method === 'PATCH'
  return {
    method,
    path: `/${pick(ANSWERS)}/${pick(SIZES)}?q=${Math.floor(random() * 1000)}&ü=%20`,
    bodyBytes: hasBody ? pick(SIZES) : 0,
    framing: pick(['length', 'chunks']),
  }
}

interface Answer {
  readonly status: number | undefined
  readonly reason: string | undefined
  readonly headers: http.IncomingHttpHeaders
  readonly trailers: Readonly<Record<string, string | undefined>>
  readonly body: string
}

/** What differs by nature is left out: dates, and what is said of the connection itself. */
async function ask(plan: Plan, to: { readonly port: number; readonly agent?: http.Agent }): Promise<Answer> {
  const body = Buffer.alloc(plan.bodyBytes, plan.path)
  const request = http.request({
    ...{ host: '127.0.0.1', port: to.port, agent: to.agent, method: plan.method, path: encodeURI(plan.path) },
    headers: {
      ...{ host: 'origin.test', 'x-list': ['a', 'b'], te: 'trailers' },
      ...(plan.bodyBytes > 0 && plan.framing === 'length' && { 'content-length': plan.bodyBytes }),
    },
  })
  request.end(plan.bodyBytes > 0 ? body : undefined)
  const [answer] = (await once(request, 'response')) as [http.IncomingMessage]
  const digest = createHash('sha256')
  for await (const piece of answer) digest.update(piece as Buffer)
  const { date: _date, connection: _connection, 'keep-alive': _keep, ...headers } = answer.headers
  // A body that only the end of the connection would end comes in chunks instead.
  if (plan.path.startsWith('/until-close')) delete headers['transfer-encoding']
  const { statusCode: status, statusMessage: reason, trailers } = answer
  return { status, reason, headers, trailers, body: digest.digest('hex') }
}

/** Says what it saw, and answers as the path asks for. */
async function serve(request: http.IncomingMessage, answer: http.ServerResponse): Promise<void> {
  const digest = createHash('sha256')
  for await (const piece of request) digest.update(piece as Buffer)
  const [, asked, size] = new URL(request.url!, 'http://origin').pathname.split('/')
  // Node never ends an answer to HEAD that has trailers.
  const kind = request.method === 'HEAD' && asked === 'trailers' ? 'chunks' : asked
  const body = Buffer.alloc(Number(size), 'warren')
  answer.setHeader('x-saw', `${request.method} ${request.url} ${request.headers['x-list'] as string}`)
  answer.setHeader('x-saw-body', digest.digest('hex'))
  answer.setHeader('x-saw-host', request.headers.host ?? '')
  if (kind === '204' || kind === '304') answer.writeHead(Number(kind)).end()
  else if (kind === 'empty') answer.writeHead(200, { 'content-length': 0 }).end()
  else if (kind === 'chunks') answer.writeHead(200, 'Fine').end(body, () => {})
  else if (kind === 'until-close') {
    answer.useChunkedEncodingByDefault = false
    answer.shouldKeepAlive = false
    answer.removeHeader('content-length')
    answer.writeHead(200, { connection: 'close' })
    answer.write(body)
    answer.end()
  } else if (kind === 'trailers') {
    answer.writeHead(200, { trailer: 'x-sum' })
    answer.write(body)
    answer.addTrailers({ 'x-sum': String(body.length) })
    answer.end()
  } else if (kind === 'slow-pieces') {
    answer.writeHead(200)
    for (let at = 0; at < body.length; at += 40_000) {
      answer.write(body.subarray(at, at + 40_000))
      await new Promise((resolve) => setImmediate(resolve))
    }
    answer.end()
  } else {
    if (kind === 'early-hints') answer.writeEarlyHints({ link: '</a.css>; rel=preload' })
    answer.writeHead(200, { 'content-length': body.length }).end(body)
  }
}
