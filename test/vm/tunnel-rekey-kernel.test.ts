/** Two minutes of requests to a kernel peer, so that REKEY_AFTER_TIME passes while they go on (acceptance GL-05). */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import { patiently } from '../harness/eventually.ts'
import { needs } from '../harness/needs.ts'
import { buildGateway, INSIDE } from '../harness/tunnel-gateway.ts'
import { tunnelNeeds } from '../harness/tunnel-suite.ts'
import { kernelWireGuard, peerSeen } from '../harness/wireguard-ends.ts'

const LASTS_MS = 135_000
const PAUSE_MS = 500
const options = { ...needs(tunnelNeeds(kernelWireGuard)), timeout: LASTS_MS + patiently(30_000) }

test('GL-05 a session with the kernel is renewed while requests go on', options, async (t) => {
  const lab = await buildGateway(t, kernelWireGuard)
  const tunnel = lab.process()
  await tunnel.open(lab.config(), 'native')
  await tunnel.ask({ op: 'ready' })
  const first = (await peerSeen(lab.gateway, 'wg0')).latestHandshake
  const until = performance.now() + LASTS_MS
  while (performance.now() < until) {
    assert.equal((await tunnel.fetch(INSIDE.gateway, 1000)).received, 1000)
    await pause(PAUSE_MS)
  }
  const second = (await peerSeen(lab.gateway, 'wg0')).latestHandshake
  assert.ok(second >= first + 115, `handshakes at ${first} and ${second}`)
})
