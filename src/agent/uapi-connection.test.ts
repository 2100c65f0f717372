/** UapiConnection against sockets that behave and sockets that do not. */
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { UapiConnection } from './uapi-connection.ts'

const serve = async (t: TestContext, onRequest: (socket: Socket, text: string) => void) => {
  const dir = mkdtempSync(join(tmpdir(), 'warren-uapi-'))
  const path = join(dir, 'wg0.sock')
  const sockets = new Set<Socket>()
  const server = createServer((socket) => {
    sockets.add(socket)
    socket.on('data', (data: Buffer) => onRequest(socket, data.toString()))
    socket.on('error', () => {})
  })
  await new Promise<void>((resolve) => server.listen(path, resolve))
  t.after(() => {
    sockets.forEach((s) => s.destroy())
    server.close()
    rmSync(dir, { recursive: true })
  })
  return { path, sockets, server }
}

test('several requests go over one connection, one after another', async (t) => {
  const { path, sockets } = await serve(t, (socket, text) =>
    socket.write(text.startsWith('get') ? 'listen_port=7\nerrno=0\n\n' : 'errno=0\n\n'),
  )
  const connection = new UapiConnection(path)
  const [first, , second] = await Promise.all([
    connection.get(),
    connection.set({ peers: [], listenPort: 7 }),
    connection.get(),
  ])
  assert.deepEqual([first?.listenPort, second?.listenPort], [7, 7])
  assert.equal(sockets.size, 1)
  connection.close()
})

test('an answer in pieces, cut anywhere, is one answer', async (t) => {
  const { path } = await serve(t, (socket) => {
    for (const piece of ['listen_po', 'rt=7\nfwmark=1\n', 'errno=0\n', '\n']) socket.write(piece)
  })
  const connection = new UapiConnection(path)
  assert.equal((await connection.get())?.fwmark, 1)
  connection.close()
})

test('nobody listening is no device', async () => {
  assert.equal(await new UapiConnection('/nonexistent/wg0.sock').get(), undefined)
})

test('the other side going away is told, and the next request connects anew', async (t) => {
  let answers = true
  const { path, sockets } = await serve(t, (socket) => {
    if (answers) socket.write('errno=0\n\n')
    else socket.destroy()
  })
  let closed = 0
  const connection = new UapiConnection(path, () => closed++)
  await connection.get()
  sockets.forEach((s) => s.destroy())
  assert.notEqual(await connection.get(), undefined)
  assert.equal(closed, 1)
  answers = false
  assert.equal(await connection.get(), undefined)
  connection.close()
})

test('a refusal names its number and nothing of the request', async (t) => {
  const { path } = await serve(t, (socket) => socket.write('errno=-22\n\n'))
  const connection = new UapiConnection(path)
  const privateKey = `${'A'.repeat(42)}E=`
  await assert.rejects(connection.set({ privateKey, peers: [] }), (error: Error) => {
    assert.match(error.message, /errno 22/)
    assert.ok(!error.message.includes(privateKey))
    return true
  })
  connection.close()
})
