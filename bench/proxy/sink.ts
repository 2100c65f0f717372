/**
 * Takes uploads and counts them as they arrive, since what a sender's side has taken may wait in a buffer:
 *
 *   PUT /NAME         200, and the body's SHA-256 when NAME begins with "checked"
 *   GET /NAME         how many bytes have arrived under that name
 *
 * Only bodies with a length: a proxy that sends chunks where it was given a length is told so.
 */
import { createHash, type Hash } from 'node:crypto'
import { createServer, type Socket } from 'node:net'

interface Request {
  readonly verb: string
  readonly name: string
  readonly hash: Hash | undefined
  missing: number
}

const received = new Map<string, number>()
createServer({ allowHalfOpen: true, noDelay: true }, serve).listen(Number(process.argv[2]), '0.0.0.0', () =>
  console.log('listening'),
)

function serve(socket: Socket): void {
  let head = ''
  let request: Request | undefined
  const take = (bytes: Buffer): void => {
    let rest = bytes
    if (request === undefined) {
      head += rest.toString('latin1')
      const end = head.indexOf('\r\n\r\n')
      if (end < 0) return
      rest = rest.subarray(rest.length - (head.length - end - 4))
      request = parse(head.slice(0, end))
      head = ''
    }
    const body = rest.subarray(0, request.missing)
    request.missing -= body.length
    if (body.length > 0) received.set(request.name, (received.get(request.name) ?? 0) + body.length)
    request.hash?.update(body)
    if (request.missing > 0) return
    answer(socket, request)
    request = undefined
    if (rest.length > body.length) take(rest.subarray(body.length))
  }
  socket.on('error', () => socket.destroy())
  socket.on('end', () => socket.end())
  socket.on('data', take)
}

function parse(head: string): Request {
  const [verb = '', path = ''] = head.split(' ')
  const name = path.slice(1)
  const length = /^content-length: *(\d+)/im.exec(head)?.[1]
  const hash = name.startsWith('checked') ? createHash('sha256') : undefined
  return {
    verb: verb === 'PUT' && length === undefined ? '' : verb,
    name,
    hash,
    missing: Number(length ?? 0),
  }
}

function answer(socket: Socket, { verb, name, hash }: Request): void {
  const text = verb === 'GET' ? String(received.get(name) ?? 0) : (hash?.digest('hex') ?? '')
  const status = verb === '' ? '411 Length Required' : '200 OK'
  socket.write(`HTTP/1.1 ${status}\r\nContent-Length: ${text.length}\r\n\r\n${text}`)
}
