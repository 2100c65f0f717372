/** A process that has no descriptors left: whoever waits is served as soon as somebody leaves. */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { test } from 'node:test'
import { openEngine } from '../../src/sockets/index.ts'
import { eventually } from '../harness/eventually.ts'

const PROGRAM = `
  import { openEngine } from ${JSON.stringify(import.meta.resolve('../../src/sockets/index.ts'))}
  const engine = openEngine({ kind: 'native' })
  const { port } = await engine.listen({ address: '127.0.0.1', port: 0, onConnection: (stream) => {
    stream.onProgress = () => {
      while (stream.readableBytes > 0) stream.consume(stream.write(stream.peek()))
      if (stream.inputEnded) stream.end()
    }
  } })
  console.log(port)
  process.stdin.on('data', () => console.log(engine.counters.acceptPauses, engine.counters.accepted)).resume()
`
const CLIENTS = 120

test('native: without descriptors accepting pauses, and goes on when there are some', async (t) => {
  const child = spawn(
    'sh',
    ['-c', `ulimit -n 80; exec ${process.execPath} --input-type=module -e "$0"`, PROGRAM],
    {
      stdio: ['pipe', 'pipe', 'inherit'],
    },
  )
  t.after(() => child.kill())
  const lines = createInterface(child.stdout)
  const [port] = (await once(lines, 'line')) as [string]
  const engine = openEngine({ kind: 'plain' })
  t.after(() => engine.close())
  let served = 0
  for (let index = 0; index < CLIENTS; index++) {
    const client = engine.connect({ address: '127.0.0.1', port: Number(port) })
    let isAsked = false
    client.onProgress = () => {
      if (!isAsked && client.state === 'open') isAsked = client.write(Uint8Array.of(1)) === 1
      if (client.readableBytes === 0) return
      served++
      client.destroy()
    }
  }
  await eventually(() => served === CLIENTS)
  child.stdin.write('\n')
  const [counters] = (await once(lines, 'line')) as [string]
  const [pauses = 0, accepted = 0] = counters.split(' ').map(Number)
  assert.equal(accepted, CLIENTS)
  assert.ok(pauses > 0, 'it had to wait')
})
