/**
 * Our TCP against the kernel's, both roles, with the kernel's own netem on what it sends and the shuttle's loss on what
 * we send. Topology: test/harness/tun-stack.ts.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { eventually, patiently } from '../harness/eventually.ts'
import { KernelEnd } from '../harness/kernel-end.ts'
import { needs } from '../harness/needs.ts'
import { KERNEL_SALT, OUR_SALT } from '../harness/talker-salts.ts'
import { KERNEL, OURS, TunStack } from '../harness/tun-stack.ts'
import { Talker } from '../sim/tcpip-talker.ts'

const wanted = needs({ root: true, kernel: ['tun', 'netem'], tools: ['ip', 'tc', 'nsenter'] })
const options = { ...wanted, timeout: patiently(60_000) }
const PORT = 7000
const BYTES = 300_000
const WEATHER = { loss: 0.01, duplicate: 0.01, delayMs: 5, reorder: 0.05 }

// Roles in turn: an emulated machine takes a quarter of a minute for each.
for (const [role, netem] of [
  ['we call', 'delay 10ms loss 2%'],
  ['the kernel calls', 'delay 20ms 10ms reorder 25% 50%'],
  ['we call', 'delay 5ms duplicate 5% corrupt 2%'],
  ['the kernel calls', 'delay 10ms loss gemodel 1% 20% 70% 0%'],
] as const) {
  test(`${role}: bytes arrive whole both ways through netem ${netem}`, options, async (t) => {
    const world = await TunStack.create(t, { weather: WEATHER, seed: 3 })
    await world.host.exec(`tc qdisc add dev tun0 root netem limit 1000 ${netem}`)
    const talker = new Talker({ bytes: BYTES, salt: OUR_SALT, peerSalt: KERNEL_SALT })
    let kernel: KernelEnd
    if (role === 'we call') {
      kernel = await KernelEnd.listen(world.host, [KERNEL[4], PORT, 'exchange', BYTES])
      world.act((stack) => talker.take(stack.connect({ address: KERNEL[4], port: PORT })))
    } else {
      world.act((stack) => stack.listen({ port: PORT, onConnection: (stream) => talker.take(stream) }))
      kernel = KernelEnd.connect(world.host, [OURS[4], PORT, 'exchange', BYTES])
    }
    assert.deepEqual(await kernel.saw('closed'), { event: 'closed', read: BYTES, wrong: -1, code: '' })
    await eventually(() => talker.finished, { what: 'our end closes', timeoutMs: 30_000 })
    assert.deepEqual([talker.read, talker.stream?.failure], [BYTES, undefined])
  })
}
