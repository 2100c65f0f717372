/** One suite for tunnels inside a process, for both engines and whatever makes the peer. Drawn in tunnel-gateway.ts. */
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { test } from 'node:test'
import { digestOfPattern } from './byte-pattern.ts'
import { patiently } from './eventually.ts'
import { needs } from './needs.ts'
import { buildGateway, INSIDE, OUTSIDE } from './tunnel-gateway.ts'
import type { WireGuardMake } from './wireguard-ends.ts'

export interface TunnelSuiteOptions {
  readonly make: WireGuardMake
  readonly engine: 'native' | 'plain'
  /** Of the large transfers. */
  readonly bytes: number
}

export const tunnelNeeds = (make: WireGuardMake) => ({
  root: true,
  kernel: make.needs.kernel ?? [],
  tools: [...(make.needs.tools ?? []), 'unshare', 'setpriv'],
})

export function tunnelSuite({ make, engine, bytes }: TunnelSuiteOptions): void {
  const options = { ...needs(tunnelNeeds(make)), timeout: patiently(90_000) }
  const who = `${engine} tunnel to ${make.name}`

  test(
    `GL-04 GL-05 ${who}: nobody without capabilities fetches and uploads byte for byte`,
    options,
    async (t) => {
      const lab = await buildGateway(t, make)
      const tunnel = lab.process()
      const user = await tunnel.ask<{ uid: number; capabilities: string }>({ op: 'user' })
      assert.deepEqual(user, { uid: 65534, capabilities: '0000000000000000' })
      const opened = await tunnel.open(lab.config(), engine)
      assert.equal(opened.engine.kind, engine)
      const page = await tunnel.ask<{ text: string }>({ op: 'fetch', host: INSIDE.gateway, count: 5 })
      assert.equal(page.text.length, 5)
      const fetched = await tunnel.fetch(INSIDE.gateway, bytes)
      assert.deepEqual([fetched.status, fetched.received], [200, bytes])
      assert.equal(fetched.digest, digestOfPattern(bytes))
      const put = await tunnel.put(INSIDE.gateway, bytes)
      assert.deepEqual(JSON.parse(put.text), { received: bytes, digest: digestOfPattern(bytes) })
    },
  )

  test(`${who}: both families inside and outside, echoes both ways`, options, async (t) => {
    const lab = await buildGateway(t, make)
    const tunnel = lab.process()
    await tunnel.open(lab.config({ endpoint: `[${OUTSIDE.gateway6}]:51820` }), engine)
    assert.ok((await tunnel.ask<number>({ op: 'ping', host: INSIDE.gateway })) >= 0)
    assert.ok((await tunnel.ask<number>({ op: 'ping', host: INSIDE.gateway6 })) >= 0)
    assert.equal((await tunnel.fetch(`[${INSIDE.gateway6}]`, 100_000)).digest, digestOfPattern(100_000))
    await lab.gateway.exec(`ping -n -c 1 -W 5 ${INSIDE.client}`)
    await lab.gateway.exec(`ping -n -c 1 -W 5 ${INSIDE.client6}`)
    const [peer] = (await tunnel.status()).peers
    assert.equal(peer?.endpoint, `[${OUTSIDE.gateway6}]:51820`)
    assert.equal(peer.state, 'up')
  })

  test(`${who}: a preshared key, and a peer that begins`, options, async (t) => {
    const presharedKey = randomBytes(32).toString('base64')
    const lab = await buildGateway(t, make, { presharedKey, clientEndpoint: `${OUTSIDE.client}:5182` })
    const tunnel = lab.process()
    await tunnel.open(
      lab.config({
        endpoint: '',
        interfaceLines: ['ListenPort = 5182'],
        peerLines: [`PresharedKey = ${presharedKey}`],
      }),
      engine,
    )
    await lab.gateway.exec(`ping -n -c 1 -W 10 ${INSIDE.client}`)
    assert.equal((await tunnel.fetch(INSIDE.gateway, 1000)).received, 1000)
  })
}
