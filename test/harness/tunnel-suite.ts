/** One suite for tunnels inside a process, for both engines and whatever makes the peer. Drawn in tunnel-gateway.ts. */
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { test } from 'node:test'
import { digestOfPattern } from './byte-pattern.ts'
import { eventually, patiently } from './eventually.ts'
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
  tools: [...(make.needs.tools ?? []), 'unshare', 'setpriv', 'tc'],
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

  test(
    `GL-03 GL-06 ${who}: the endpoint's name is this machine's business, names behind it the tunnel's`,
    options,
    async (t) => {
      const lab = await buildGateway(t, make)
      const outside = await lab.dns(lab.client, '127.0.0.1', {
        'gw.example.org': [OUTSIDE.gateway],
        'web.internal': ['192.0.2.66'],
      })
      const inside = await lab.dns(lab.gateway, INSIDE.gateway, {
        'web.internal': [INSIDE.gateway6, INSIDE.gateway],
      })
      await lab.resolvConf('nameserver 127.0.0.1\n')
      const tunnel = lab.process()
      const interfaceLines = [`DNS = ${INSIDE.gateway}, internal`]
      await tunnel.open(lab.config({ endpoint: 'gw.example.org:51820', interfaceLines }), engine)
      assert.equal((await tunnel.fetch('web.internal', 1000)).received, 1000)
      assert.equal((await tunnel.fetch('web', 1000)).received, 1000)
      await assert.rejects(tunnel.fetch('absent.internal', 1), { code: 'ENOTFOUND' })
      assert.ok(inside.asked.includes('udp web.internal'))
      assert.deepEqual([...new Set(outside.asked)], ['udp gw.example.org'])
    },
  )

  test(
    `GL-03 ${who}: a gateway that is up late and moves later is found, and both ends may roam`,
    options,
    async (t) => {
      const lab = await buildGateway(t, make)
      const first = await lab.dns(lab.client, '127.0.0.1', {})
      await lab.resolvConf('nameserver 127.0.0.1\noptions timeout:1 attempts:1\n')
      const tunnel = lab.process()
      await tunnel.open(lab.config({ endpoint: 'gw.example.org:51820' }), engine)
      await eventually(async () => (await tunnel.status()).peers[0]?.trouble?.includes('does not resolve'), {
        what: 'the status says that the name does not resolve',
      })
      await assert.rejects(tunnel.fetch(INSIDE.gateway, 1, 500), { code: 'EHOSTUNREACH' })
      first.stop()
      const second = await lab.dns(lab.client, '127.0.0.1', { 'gw.example.org': [OUTSIDE.gateway] })
      await tunnel.ask({ op: 'ready' })
      assert.equal((await tunnel.fetch(INSIDE.gateway, 1000)).received, 1000)

      // The client moves: the gateway follows without a handshake.
      await lab.client.exec(`ip address add 192.0.2.99/24 dev eth0`)
      await lab.client.exec(`ip address delete ${OUTSIDE.client}/24 dev eth0`)
      await lab.client.exec(`ip address replace 192.0.2.99/24 dev eth0`)
      assert.equal((await tunnel.fetch(INSIDE.gateway, 1000)).received, 1000)

      // The gateway moves, and only the name tells where to.
      second.stop()
      await lab.dns(lab.client, '127.0.0.1', { 'gw.example.org': ['192.0.2.78'] })
      await lab.gateway.exec('ip address add 192.0.2.78/24 dev eth0')
      await lab.gateway.exec(`ip address delete ${OUTSIDE.gateway}/24 dev eth0`)
      await lab.gateway.exec('ip address replace 192.0.2.78/24 dev eth0')
      assert.equal((await tunnel.fetch(INSIDE.gateway, 1000, 60_000)).received, 1000)
      assert.equal((await tunnel.status()).peers[0]?.endpoint, '192.0.2.78:51820')
    },
  )

  test(`${who}: a port that is taken is an error at once, and leaves what was there`, options, async (t) => {
    const lab = await buildGateway(t, make)
    const [one, two] = [lab.process(), lab.process()]
    const on = (port: number) => lab.config({ interfaceLines: [`ListenPort = ${port}`] })
    // It only sits there: two ends with one key would take the session from each other.
    await one.open(lab.config({ endpoint: '', interfaceLines: ['ListenPort = 5182'] }), engine)
    const taken = { code: 'EADDRINUSE', message: 'UDP port 5182 of this machine is taken' }
    await assert.rejects(two.open(on(5182), engine), taken)
    await two.open(on(5183), engine)
    await assert.rejects(two.ask({ op: 'reconfigure', text: on(5182) }), taken)
    await two.ask({ op: 'reconfigure', text: on(5184) })
    assert.equal((await two.status()).listenPort, 5184)
    assert.equal((await two.fetch(INSIDE.gateway, 1000)).received, 1000)
  })

  test(`${who}: a slow line and many uploads at once cost time and no byte`, options, async (t) => {
    const lab = await buildGateway(t, make)
    await lab.client.exec('tc qdisc add dev eth0 root tbf rate 60mbit burst 64kb latency 100ms')
    const tunnel = lab.process()
    await tunnel.open(lab.config(), engine)
    const many = Array.from({ length: 8 }, (_, index) => 500_000 + index)
    const uploads = Promise.all(many.map((count) => tunnel.put(INSIDE.gateway, count)))
    assert.equal((await tunnel.status()).engine.kind, engine, 'the process answers meanwhile')
    for (const [index, { text }] of (await uploads).entries()) {
      const received = many[index] ?? 0
      assert.deepEqual(JSON.parse(text), { received, digest: digestOfPattern(received) })
    }
  })
}
