/**
 * What the HTTP proxy itself costs: requests through it over connections in memory, no socket, no tunnel, no parsing at
 * either end. Beside it the same through a reverse proxy of node:http, over Duplex streams in memory.
 */
import * as http from 'node:http'
import type { Duplex } from 'node:stream'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { HttpProxy, httpRoute } from '../src/proxy/http/index.ts'
import { type Benchmark, type BenchRow, medianOf } from './benchmark.ts'
import { MemorySocket, MemoryStream, turn } from './memory-connections.ts'

const CLIENTS = 64
const RUNS = 5
const RUN_MS = 800
const WARM_UP_MS = 1000
const IDLE_CLIENTS = 10_000
const GOAL_MICROSECONDS = 12

interface Load {
  readonly what: string
  readonly request: Buffer
  readonly answer: Buffer
}

const lines = (...of: readonly string[]): string => [...of, '', ''].join('\r\n')
const GET = lines(
  'GET /tiny HTTP/1.1',
  'Host: 127.0.0.1:8080',
  'User-Agent: wrk/4.1',
  'Accept: */*',
  'Accept-Encoding: gzip',
)
const answerHead = (...framing: readonly string[]): string =>
  lines(
    ...['HTTP/1.1 200 OK', 'Server: nginx/1.22.1', 'Date: Sat, 21 Nov 2026 08:00:00 GMT', ...framing],
    ...[
      'Content-Type: application/octet-stream',
      'Last-Modified: Sat, 21 Nov 2026 07:00:00 GMT',
      'ETag: "5f5e-d"',
    ],
    ...['Connection: keep-alive', 'Accept-Ranges: bytes'],
  )
const SMALL = `${answerHead('Content-Length: 13')}hello, world!`

const LOADS: readonly Load[] = [
  { what: 'GET, answer of 13 bytes', request: Buffer.from(GET), answer: Buffer.from(SMALL) },
  {
    what: 'GET, chunked answer of 13 bytes',
    request: Buffer.from(GET),
    answer: Buffer.from(`${answerHead('Transfer-Encoding: chunked')}d\r\nhello, world!\r\n0\r\n\r\n`),
  },
  {
    what: 'GET, answer of 16 KiB',
    request: Buffer.from(GET),
    answer: Buffer.from(answerHead('Content-Length: 16384') + 'x'.repeat(16_384)),
  },
  {
    what: 'POST of 1 KiB, answer of 13 bytes',
    request: Buffer.from(
      lines('POST /up HTTP/1.1', 'Host: 127.0.0.1:8080', 'Content-Length: 1024') + 'x'.repeat(1024),
    ),
    answer: Buffer.from(SMALL),
  },
]

export const benchmark: Benchmark = {
  title: 'The HTTP proxy by itself',
  about:
    `CPU time of one request through the proxy, its ends included, which only count bytes; ${CLIENTS} clients that ask ` +
    `one request after the other, connections in memory, no access log. Medians of ${RUNS} runs of ${RUN_MS} ms. ` +
    'Sockets, the tunnel and TLS come on top of it. Memory: the heap that a client takes that has been served and is ' +
    `idle, over ${IDLE_CLIENTS} of them, without the connection itself, which is somebody else’s.`,
  run: async ({ say }) => {
    const rows: BenchRow[] = []
    for (const [index, load] of LOADS.entries()) {
      say(load.what)
      rows.push({
        ...{ what: load.what, unit: 'µs of CPU', better: 'less' },
        figures: { warren: await measure(ours(load)), 'node:http': await measure(theirs(load)) },
        ...(index === 0 && { goal: GOAL_MICROSECONDS }),
      })
    }
    say('idle clients')
    const figures = { warren: await idleClientBytes(LOADS[0]!) }
    return [...rows, { what: 'an idle client', unit: 'bytes of heap', better: 'less', figures }]
  },
}

/** A load that runs: how many requests are done, and what lets it go on. */
interface Running {
  done(): number
  step(): Promise<void> | void
  close(): void
}

async function measure(running: Running): Promise<number> {
  await runFor(running, WARM_UP_MS)
  const figure = await medianOf(RUNS, async () => {
    const before = running.done()
    const started = process.cpuUsage()
    await runFor(running, RUN_MS)
    const { user, system } = process.cpuUsage(started)
    return (user + system) / (running.done() - before)
  })
  running.close()
  return figure
}

async function runFor(running: Running, ms: number): Promise<void> {
  const end = performance.now() + ms
  while (performance.now() < end) await running.step()
}

const proxyTo = (connected: (target: MemoryStream) => void): HttpProxy =>
  new HttpProxy({
    route: httpRoute({ host: 'target', port: 80 }),
    nowMs: () => performance.now(),
    after: (ms, run) => {
      const timer = setTimeout(run, ms)
      return { close: () => clearTimeout(timer) }
    },
    dial: () => {
      const [left, right] = MemoryStream.pair()
      connected(right)
      return Promise.resolve(left)
    },
  })

/** Calls back for every so many bytes that came. */
function onEvery(stream: MemoryStream, bytes: () => number, run: () => void): void {
  stream.onProgress = () => {
    while (stream.readableBytes >= bytes()) {
      stream.consume(bytes())
      run()
    }
  }
}

function ours({ request, answer }: Load): Running {
  let done = 0
  // What the proxy makes of them is measured by the first ones that come.
  const seen = { request: 0, answer: 0 }
  const proxy = proxyTo((target) => {
    target.onProgress = () => {
      seen.request ||= target.readableBytes
      onEvery(
        target,
        () => seen.request,
        () => target.write(answer),
      )
      target.onProgress?.()
    }
  })
  const start = (): void => {
    const [left, right] = MemoryStream.pair()
    right.onProgress = () => {
      seen.answer ||= right.readableBytes
      onEvery(
        right,
        () => seen.answer,
        () => {
          done++
          right.write(request)
        },
      )
      right.onProgress?.()
    }
    proxy.serve(left)
    right.write(request)
  }
  start()
  for (let client = 1; client < CLIENTS; client++) setImmediate(start)
  return {
    done: () => done,
    step: async () => {
      for (let round = 0; round < 100; round++) turn()
      await new Promise((resolve) => setImmediate(resolve))
    },
    close: () => proxy.close(),
  }
}

function theirs({ request, answer }: Load): Running {
  let done = 0
  const agent = new http.Agent({ keepAlive: true, maxFreeSockets: CLIENTS })
  agent.createConnection = () => {
    const [left, right] = MemorySocket.pair()
    everyMessage(right, () => right.write(answer))
    return left
  }
  const server = http.createServer((from, to) => {
    const headers = { ...from.headers, 'x-forwarded-for': from.socket.remoteAddress }
    const upstream = http.request(
      { agent, host: 'target', method: from.method, path: from.url, headers },
      (got) => {
        to.writeHead(got.statusCode ?? 502, got.headers)
        got.pipe(to)
      },
    )
    // Those that are under way when the time is over.
    upstream.on('error', () => to.destroy())
    from.pipe(upstream)
  })
  const clients = Array.from({ length: CLIENTS }, () => {
    const [left, right] = MemorySocket.pair()
    everyMessage(right, () => {
      done++
      right.write(request)
    })
    server.emit('connection', left)
    right.write(request)
    return right
  })
  return {
    done: () => done,
    step: () => new Promise((resolve) => setImmediate(resolve)),
    close: () => {
      agent.destroy()
      for (const client of clients) client.destroy()
    },
  }
}

/** Where messages end is told by their ends, or by the length that they have had so far: there is only one kind. */
function everyMessage(socket: Duplex, run: () => void): void {
  let text = ''
  socket.on('data', (piece: Buffer) => {
    text += piece.toString('latin1')
    const top = text.indexOf('\r\n\r\n') + 4
    if (top < 4) return
    const length = Number(/\r\ncontent-length: (\d+)/i.exec(text)?.[1] ?? 0)
    const isChunked = /\r\ntransfer-encoding: chunked/i.test(text.slice(0, top))
    if (isChunked ? !text.endsWith('0\r\n\r\n') : text.length < top + length) return
    text = ''
    run()
  })
}

/** Both ends are there in both measurements, so only what the proxy keeps of them makes the difference. */
async function idleClientBytes({ request, answer }: Load): Promise<number> {
  let served = 0
  setFlagsFromString('--expose-gc')
  const gc = runInNewContext('gc') as () => void
  const pairs = Array.from({ length: IDLE_CLIENTS }, () => MemoryStream.pair())
  const heap = (): number => {
    gc()
    gc()
    return process.memoryUsage().heapUsed
  }
  const before = heap()
  const proxy = proxyTo((target) => {
    target.onProgress = () => {
      target.consume(target.readableBytes)
      target.write(answer)
    }
  })
  for (const [left, right] of pairs) {
    proxy.serve(left)
    right.onProgress = () => right.consume(right.readableBytes)
    right.write(request)
    // One after the other, so that few connections to the target stay.
    while (proxy.counters.statuses[200] === served) {
      turn()
      await Promise.resolve()
    }
    served++
    left.rest()
    right.rest()
    right.onProgress = undefined
  }
  const figure = (heap() - before) / IDLE_CLIENTS
  if (proxy.status().clients !== IDLE_CLIENTS) throw new Error('not all of them are there')
  proxy.close()
  return Math.round(figure)
}
