/** Two tunnels in one process, in virtual time: echoes, peers that move, names that change, ends that are gone. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { LEFT, openTunnelPair, RIGHT } from './testing/tunnel-pair.ts'

test('two tunnels shake hands and ping each other in both families', async () => {
  const { engine, left, right, close } = await openTunnelPair()
  await engine.until(left.ready())
  assert.ok((await engine.until(left.ping(RIGHT.inner))) >= 2)
  assert.ok((await engine.until(right.ping(LEFT.inner6))) >= 2)
  const [peer] = left.status().peers
  assert.equal(peer?.state, 'up')
  assert.equal(peer.endpoint, '192.0.2.2:51820')
  await close()
})
