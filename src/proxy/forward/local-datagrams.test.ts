/** UDP sockets of this machine, over loopback. */
import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { eventually } from '../../../test/harness/eventually.ts'
import { LocalDatagrams } from './local-datagrams.ts'

async function open(t: TestContext, address: string) {
  const got: string[] = []
  const socket = await LocalDatagrams.open({
    address,
    port: 0,
    onDatagram: (bytes, from, local) => {
      got.push(`${new TextDecoder().decode(bytes)} from ${from.address}`)
      if (!got.at(-1)?.startsWith('re')) local.send(new TextEncoder().encode('re'), from)
    },
  })
  t.after(() => socket.close())
  return { socket, got }
}

test('a socket on all addresses talks to both families, with IPv4 addresses as they are', async (t) => {
  const all = await open(t, '')
  for (const address of ['127.0.0.1', '::1']) {
    const one = await open(t, address)
    one.socket.send(new TextEncoder().encode('hello'), { address, port: all.socket.port })
    await eventually(() => one.got.length === 1)
    assert.deepEqual(one.got, [`re from ${address}`])
  }
  assert.deepEqual(all.got, ['hello from 127.0.0.1', 'hello from ::1'])
})

test('a port that is taken is refused, and closing twice is allowed', async (t) => {
  const { socket } = await open(t, '127.0.0.1')
  const options = { address: '127.0.0.1', port: socket.port, onDatagram: () => undefined }
  await assert.rejects(LocalDatagrams.open(options), { code: 'EADDRINUSE' })
  socket.close()
  socket.close()
  socket.send(Uint8Array.of(1), { address: '127.0.0.1', port: 9 })
})

test('an answer to port 0 goes nowhere, and nothing breaks: strangers may say that they send from there', async (t) => {
  const { socket } = await open(t, '127.0.0.1')
  socket.send(Uint8Array.of(1), { address: '127.0.0.1', port: 0 })
})
