/** One TCP stream that has to go on whatever happens below it: an echo here, and who counts what comes back there. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type Socket } from 'node:net'
import { eventually } from '../../harness/eventually.ts'
import type { Namespace } from '../../harness/namespace.ts'

export interface Stream {
  /** More comes back than before; fails when the connection broke. */
  flows(): Promise<void>
}

const CLIENT = `
const socket = require('node:net').connect(Number(process.argv[2]), process.argv[1])
let back = 0
socket.on('error', (error) => { console.log('broken ' + error.code); process.exit(1) })
socket.on('close', () => { console.log('broken: closed'); process.exit(1) })
socket.on('data', (data) => { back += data.length })
setInterval(() => { socket.write('x'.repeat(500)); console.log(back) }, 100)`

export async function startEcho(address: string, port: number): Promise<() => void> {
  const sockets: Socket[] = []
  const server = createServer((socket) => {
    sockets.push(socket)
    socket.on('error', () => socket.destroy())
    socket.pipe(socket)
  })
  server.listen(port, address)
  await once(server, 'listening')
  return () => {
    server.close()
    // With the tunnel gone nobody would ever tell them that the other end is.
    for (const socket of sockets) socket.destroy()
  }
}

export function streamThrough(from: Namespace, address: string, port: number): Stream {
  const client = from.spawn(process.execPath, ['-e', CLIENT, address, String(port)])
  let text = ''
  client.stdout?.on('data', (chunk: Buffer) => (text = (text + chunk.toString()).slice(-400)))
  const back = () => Number(text.trim().split('\n').at(-2) ?? 0)
  return {
    flows: async () => {
      const before = back()
      await eventually(() => back() > before + 2_000 || text.includes('broken'), {
        what: 'the stream goes on',
        timeoutMs: 30_000,
      })
      assert.doesNotMatch(text, /broken/)
    },
  }
}
