/** The contract of byte streams over TCP in a tunnel: two tunnels of one process, in virtual time. */
import assert from 'node:assert/strict'
import type { TestContext } from 'node:test'
import type { ByteStream } from '../../src/streams/index.ts'
import { openTunnelPair, RIGHT, type TunnelPair } from '../../src/tunnel/testing/tunnel-pair.ts'
import { byteStreamContract } from './byte-stream.ts'

const PORT = 7
const STEP_MS = 5
const LONGEST_MS = 60_000

let pair: TunnelPair | undefined

async function connect(t: TestContext): Promise<readonly [ByteStream, ByteStream]> {
  const opened = await openTunnelPair()
  pair = opened
  t.after(() => opened.close())
  const accepted = Promise.withResolvers<ByteStream>()
  opened.right.listen({ port: PORT, onConnection: accepted.resolve })
  const near = await opened.engine.until(opened.left.connect({ host: RIGHT.inner, port: PORT }))
  return [near, await opened.engine.until(accepted.promise)]
}

async function until(check: () => boolean, what: string): Promise<void> {
  for (let passed = 0; passed < LONGEST_MS; passed += STEP_MS) {
    if (check()) return
    await pair?.engine.pass(STEP_MS)
  }
  assert.fail(`never became true in virtual time: ${what}`)
}

byteStreamContract('a stream in a tunnel', { connect, until })
