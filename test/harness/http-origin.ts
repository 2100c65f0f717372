/**
 * A web server whose bytes are checked: `http-origin.ts ADDRESS PORT`. GET /bytes/N answers N bytes of a pattern, PUT
 * anything answers `{ received, digest }` of the body as JSON, GET / a greeting.
 */
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { pattern } from './byte-pattern.ts'

const [address = '', port = '0'] = process.argv.slice(2)

createServer((request, response) => void answer(request, response)).listen(Number(port), address, () =>
  console.log('listening'),
)

async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
  response.on('error', () => response.destroy())
  if (request.method === 'PUT') {
    const hash = createHash('sha256')
    let received = 0
    for await (const chunk of request as AsyncIterable<Buffer>) {
      hash.update(chunk)
      received += chunk.length
    }
    response.end(JSON.stringify({ received, digest: hash.digest('hex') }))
    return
  }
  const [, count] = /^\/bytes\/(\d+)$/.exec(request.url ?? '') ?? []
  if (count === undefined) {
    response.end('hello from behind the tunnel\n')
    return
  }
  response.setHeader('content-length', count)
  for (const chunk of pattern(Number(count))) if (!response.write(chunk)) await once(response, 'drain')
  response.end()
}
