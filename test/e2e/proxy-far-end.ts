/**
 * What is behind the tunnel, as a program inside the gateway's namespace: a name server that nobody else asks, web
 * servers that behave well and badly, and echoes. `node proxy-far-end.ts ADDRESS4 ADDRESS6` prints "serving".
 *
 *   :53 udp   web.internal (A, AAAA), six.internal (AAAA), nobody.internal (an address that refuses)
 *   :8000     GET / /headers /bytes/N /drip/N /status/N /stall /reset, PUT, upgrades (echo)
 *   :8001     another web server     :7 tcp and udp echo
 */
import { createHash } from 'node:crypto'
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { createServer as createTcpServer, isIPv6, type Socket } from 'node:net'
import { setTimeout as pause } from 'node:timers/promises'
import { pattern } from '../harness/byte-pattern.ts'
import { answerTo } from './dns-answer.ts'

const [address4 = '127.0.0.1', address6 = '::1'] = process.argv.slice(2)

const ZONE: Readonly<Record<string, readonly string[]>> = {
  'web.internal': [address4, address6],
  'six.internal': [address6],
  'nobody.internal': [address4],
}

for (const address of [address4, address6]) {
  const names = createSocket(isIPv6(address) ? 'udp6' : 'udp4')
  names.on('message', (query, from) => names.send(answerTo(query, ZONE), from.port, from.address))
  names.bind(53, address)
  await once(names, 'listening')
  const echo = createSocket(isIPv6(address) ? 'udp6' : 'udp4')
  echo.on('message', (message, from) => echo.send(message, from.port, from.address))
  echo.bind(7, address)
  await once(echo, 'listening')
}

const web = createServer((request, response) => void answer(request, response))
web.on('upgrade', (request: IncomingMessage, socket: Socket) => {
  const protocol = request.headers.upgrade ?? ''
  socket.on('error', () => socket.destroy())
  socket.write(`HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: ${protocol}\r\n\r\n`)
  socket.pipe(socket)
})
await listening(web.listen(8000, '::'))
await listening(createServer((_, response) => response.end('the second page\n')).listen(8001, '::'))
await listening(
  createTcpServer({ allowHalfOpen: true }, (socket) => {
    socket.on('error', () => socket.destroy())
    socket.pipe(socket)
  }).listen(7, '::'),
)
console.log('serving')

async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
  response.on('error', () => response.destroy())
  if (request.method === 'PUT') return digest(request, response)
  const { pathname } = new URL(request.url ?? '/', 'http://web.internal')
  const [, what = '', count = '0'] = pathname.split('/')
  switch (what) {
    case 'headers':
      response.end(JSON.stringify({ ...request.headers, url: request.url }))
      return
    case 'status':
      response.statusCode = Number(count)
      response.end(`status ${count}\n`)
      return
    case 'bytes':
      response.setHeader('content-length', count)
      for (const chunk of pattern(Number(count))) if (!response.write(chunk)) await once(response, 'drain')
      response.end()
      return
    case 'drip':
      for (let drop = 0; drop < Number(count) && !response.destroyed; drop++) {
        response.write(`drop ${drop}\n`)
        await pause(50)
      }
      response.end('end\n')
      return
    case 'stall':
      return
    case 'reset':
      request.socket.resetAndDestroy()
      return
    default:
      response.end(`hello from behind the tunnel, ${request.headers.host ?? ''}${request.url ?? ''}\n`)
  }
}

async function digest(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const hash = createHash('sha256')
  let received = 0
  for await (const chunk of request as AsyncIterable<Buffer>) {
    hash.update(chunk)
    received += chunk.length
  }
  response.end(JSON.stringify({ received, digest: hash.digest('hex') }))
}

async function listening(server: { once(event: 'listening', run: () => void): unknown }): Promise<void> {
  await new Promise<void>((resolve) => server.once('listening', resolve))
}
