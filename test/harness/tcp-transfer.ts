/**
 * A TCP transfer whose bytes are checked: `tcp-transfer.ts serve ADDRESS PORT` sends and receives,
 * `tcp-transfer.ts send|fetch ADDRESS PORT BYTES` prints the SHA-256 that both ends must agree on as JSON.
 *
 * The stream begins with one line, `send N` or `fetch N`; a sender ends its half, a receiver answers with its digest.
 */
import { createHash, type Hash } from 'node:crypto'
import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'

const [mode = '', address = '', port = '0', bytes = '0'] = process.argv.slice(2)

if (mode === 'serve') {
  createServer({ allowHalfOpen: true }, (socket) => void serve(socket)).listen(Number(port), address, () =>
    console.log('listening'),
  )
} else {
  const socket = connect({ host: address, port: Number(port), allowHalfOpen: true })
  await once(socket, 'connect')
  socket.write(`${mode} ${bytes}\n`)
  const sent = mode === 'send' ? await sendPattern(socket, Number(bytes)) : undefined
  const { digest, received, text } = await receive(socket)
  if (mode === 'fetch') socket.end()
  console.log(
    JSON.stringify(
      sent === undefined ? { received, digest } : { received: Number(bytes), digest: sent, echoed: text },
    ),
  )
}

async function serve(socket: Socket): Promise<void> {
  socket.on('error', () => socket.destroy())
  const [first] = (await once(socket, 'data')) as [Buffer]
  const end = first.indexOf(10)
  const [verb, count] = first.subarray(0, end).toString().split(' ')
  if (verb === 'fetch') {
    await sendPattern(socket, Number(count))
    return
  }
  const { digest } = await receive(socket, first.subarray(end + 1))
  socket.end(digest)
}

/** Bytes that repeat only after 251 blocks of odd length, so that a lost or repeated segment changes the digest. */
async function sendPattern(socket: Socket, count: number): Promise<string> {
  const hash = createHash('sha256')
  for (let sent = 0, block = 0; sent < count; block++) {
    const chunk = Buffer.alloc(Math.min(16_381, count - sent), `${block % 251}:warren`)
    hash.update(chunk)
    sent += chunk.length
    if (!socket.write(chunk)) await once(socket, 'drain')
  }
  socket.end()
  return hash.digest('hex')
}

async function receive(
  socket: Socket,
  head: Buffer = Buffer.alloc(0),
): Promise<{ digest: string; received: number; text: string }> {
  const hash: Hash = createHash('sha256').update(head)
  let [received, text] = [head.length, '']
  for await (const chunk of socket as AsyncIterable<Buffer>) {
    hash.update(chunk)
    received += chunk.length
    if (received <= 64) text += chunk.toString('latin1')
  }
  return { digest: hash.digest('hex'), received, text }
}
