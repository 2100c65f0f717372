/**
 * A tunnel inside a process against the WireGuard of the kernel (acceptance GL-05), by the suite that runs against
 * wireguard-go, and what only a machine of its own has: netem's loss, delay and reordering, and the kernel's MTUs.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { digestOfPattern } from '../harness/byte-pattern.ts'
import { patiently } from '../harness/eventually.ts'
import { needs } from '../harness/needs.ts'
import { buildGateway, INSIDE } from '../harness/tunnel-gateway.ts'
import { tunnelNeeds, tunnelSuite } from '../harness/tunnel-suite.ts'
import { kernelWireGuard } from '../harness/wireguard-ends.ts'

const BYTES = 4_000_000

tunnelSuite({ make: kernelWireGuard, engine: 'native', bytes: BYTES })

const wanted = tunnelNeeds(kernelWireGuard)
const options = { ...needs(wanted), timeout: patiently(60_000) }
const withNetem = {
  ...needs({ ...wanted, kernel: [...wanted.kernel, 'netem'], tools: [...wanted.tools, 'tc'] }),
  timeout: patiently(90_000),
}

for (const mtuBytes of [1280, 1420]) {
  test(`GL-05 TCP both ways through a kernel tunnel of MTU ${mtuBytes}`, options, async (t) => {
    const lab = await buildGateway(t, kernelWireGuard, { mtuBytes })
    const tunnel = lab.process()
    await tunnel.open(lab.config({ interfaceLines: [`MTU = ${mtuBytes}`] }), 'native')
    assert.equal((await tunnel.fetch(INSIDE.gateway, BYTES)).digest, digestOfPattern(BYTES))
    const put = await tunnel.put(`[${INSIDE.gateway6}]`, BYTES)
    assert.deepEqual(JSON.parse(put.text), { received: BYTES, digest: digestOfPattern(BYTES) })
  })
}

test(
  'GL-05 a kernel peer of MTU 1280 is met by a tunnel of 1420: paths are found out',
  options,
  async (t) => {
    const lab = await buildGateway(t, kernelWireGuard, { mtuBytes: 1280 })
    const tunnel = lab.process()
    await tunnel.open(lab.config(), 'native')
    assert.equal((await tunnel.fetch(INSIDE.gateway, 500_000)).digest, digestOfPattern(500_000))
    assert.equal(JSON.parse((await tunnel.put(INSIDE.gateway, 500_000)).text).received, 500_000)
  },
)

test('loss, delay and reordering on the way cost time and no byte', withNetem, async (t) => {
  const lab = await buildGateway(t, kernelWireGuard)
  for (const host of [lab.client, lab.gateway])
    await host.exec('tc qdisc add dev eth0 root netem delay 10ms 3ms loss 1% reorder 5% duplicate 0.5%')
  const tunnel = lab.process()
  await tunnel.open(lab.config(), 'native')
  const bytes = 1_000_000
  assert.equal((await tunnel.fetch(INSIDE.gateway, bytes)).digest, digestOfPattern(bytes))
  const put = await tunnel.put(INSIDE.gateway, bytes)
  assert.deepEqual(JSON.parse(put.text), { received: bytes, digest: digestOfPattern(bytes) })
  const { counters } = await tunnel.status()
  assert.ok((counters['wireguard-drop-replayed-counter'] ?? 0) > 0, 'what netem doubled was dropped')
})
