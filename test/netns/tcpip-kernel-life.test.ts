/**
 * Beginnings and ends of connections between our TCP and the kernel's: many of them, refused ones, quiet ones, and a
 * path that gets narrower. Topology: test/harness/tun-stack.ts.
 */
import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import type { TcpStream } from '../../src/protocols/tcpip/index.ts'
import { eventually, patiently } from '../harness/eventually.ts'
import { KernelEnd } from '../harness/kernel-end.ts'
import { connect, Namespace } from '../harness/namespace.ts'
import { needs } from '../harness/needs.ts'
import { KERNEL_SALT, OUR_SALT } from '../harness/talker-salts.ts'
import { KERNEL, OURS, TunStack } from '../harness/tun-stack.ts'
import { Talker } from '../sim/tcpip-talker.ts'
import { decodeSegment, SYN } from '../tcpip/wire/segment.ts'

const options = {
  ...needs({ root: true, kernel: ['tun'], tools: ['ip', 'nsenter', 'sysctl', 'ping'] }),
  timeout: patiently(90_000),
}
const PORT = 7000
const SALTS = { salt: OUR_SALT, peerSalt: KERNEL_SALT }

test(
  'two hundred connections of the kernel, one after the other, are each served whole',
  options,
  async (t) => {
    const world = await TunStack.create(t)
    const talkers: Talker[] = []
    const onConnection = (stream: TcpStream): void => {
      const talker = new Talker({ ...SALTS, bytes: 2000 })
      talkers.push(talker)
      talker.take(stream)
    }
    world.act((stack) => stack.listen({ port: PORT, onConnection }))
    const kernel = KernelEnd.connect(world.host, [OURS[4], PORT, 'exchange', 3000, 200])
    await kernel.saw('closed', 200)
    const whole = { event: 'closed', read: 2000, wrong: -1, code: '' }
    for (const event of kernel.events.filter(({ event }) => event === 'closed'))
      assert.deepEqual(event, whole)
    await eventually(() => talkers.every(({ finished }) => finished), { what: 'our ends close' })
    assert.ok(talkers.every(({ read, stream }) => read === 3000 && stream?.failure === undefined))
  },
)

test('two hundred connections of ours at once are each served whole by the kernel', options, async (t) => {
  const world = await TunStack.create(t, { tcp: { timeWaitMs: 500 } })
  const kernel = await KernelEnd.listen(world.host, [KERNEL[6], PORT, 'exchange', 3000])
  const talkers = Array.from({ length: 200 }, () => new Talker({ ...SALTS, bytes: 2000 }))
  world.act((stack) => {
    for (const talker of talkers) talker.take(stack.connect({ address: KERNEL[6], port: PORT }))
  })
  await kernel.saw('closed', 200)
  await eventually(() => talkers.every(({ finished }) => finished), { what: 'our ends close' })
  assert.ok(talkers.every(({ read, stream }) => read === 3000 && stream?.failure === undefined))
  await eventually(() => world.stack.nextDeadline() === undefined, { what: 'nothing is left of them' })
})

for (const family of [4, 6] as const) {
  test(`a port that the kernel does not listen at is ECONNREFUSED, IPv${family}`, options, async (t) => {
    const world = await TunStack.create(t)
    const stream = world.act((stack) => stack.connect({ address: KERNEL[family], port: PORT }))
    await eventually(() => stream.state === 'closed', { what: 'our end closes' })
    assert.equal(stream.failure?.code, 'ECONNREFUSED')
  })

  test(`a port that we do not listen at is ECONNREFUSED at the kernel, IPv${family}`, options, async (t) => {
    const world = await TunStack.create(t)
    const kernel = KernelEnd.connect(world.host, [OURS[family], PORT, 'hold'])
    assert.equal((await kernel.saw('refused')).code, 'ECONNREFUSED')
  })

  test(`the kernel answers our ping, and we its, IPv${family}`, options, async (t) => {
    const world = await TunStack.create(t)
    let roundTrip: number | undefined
    const onReply = (ms: number | undefined): void => void (roundTrip = ms ?? -1)
    world.act((stack) =>
      stack.ping(KERNEL[family], { timeoutMs: patiently(5_000), payloadBytes: 3000, onReply }),
    )
    await eventually(() => roundTrip !== undefined, { what: 'an answer' })
    assert.ok(roundTrip! >= 0)
    await world.host.exec(`ping -c 1 -W 5 -s 4000 ${OURS[family]}`)
  })
}

test('the kernel answers our keepalive for as long as it is there', options, async (t) => {
  const world = await TunStack.create(t, {
    tcp: { keepaliveIdleMs: 600, keepaliveIntervalMs: 600, keepaliveProbes: 3 },
  })
  const kernel = await KernelEnd.listen(world.host, [KERNEL[4], PORT, 'hold'])
  const stream = world.act((stack) => stack.connect({ address: KERNEL[4], port: PORT }))
  await kernel.saw('connected')
  const before = world.inward
  // A kernel answers such segments twice a second at most (tcp_invalid_ratelimit).
  await eventually(() => world.inward >= before + 3, { what: 'three answers' })
  assert.equal(stream.state, 'open')
  await world.host.exec('ip link set tun0 down')
  await eventually(() => stream.state === 'closed', { what: 'the connection is given up' })
  assert.equal(stream.failure?.code, 'ETIMEDOUT')
})

for (const family of [4, 6] as const) {
  test(
    `a link that becomes narrower under way is found out by the kernel's ICMP, IPv${family}`,
    options,
    async (t) => {
      const world = await TunStack.create(t)
      const beyond = await behindNarrowLink(t, world)
      const address = family === 4 ? '10.8.0.1' : 'fd08::1'
      const kernel = await KernelEnd.listen(beyond, [address, PORT, 'exchange', 200_000])
      const talker = new Talker({ ...SALTS, bytes: 200_000 })
      world.act((stack) => talker.take(stack.connect({ address, port: PORT })))
      const { read, wrong } = await kernel.saw('closed')
      assert.deepEqual({ read, wrong }, { read: 200_000, wrong: -1 })
      await eventually(() => talker.finished && talker.read === 200_000, { what: 'our end closes' })
      assert.ok(talker.stream!.info().maximumSegmentBytes <= 1300 - (family === 4 ? 40 : 60))
    },
  )
}

/** A further host behind a link of 1300 bytes; the kernel between routes, and says what is too big. */
async function behindNarrowLink(t: TestContext, world: TunStack): Promise<Namespace> {
  const { host } = world
  const beyond = await Namespace.create('beyond')
  t.after(() => beyond.close())
  await connect([host, '10.8.0.2/24', 'fd08::2/64'], [beyond, '10.8.0.1/24', 'fd08::1/64'])
  for (const name of ['net.ipv4.ip_forward', 'net.ipv6.conf.all.forwarding'])
    await host.exec(`sysctl -w ${name}=1`)
  await host.exec('ip link set eth0 mtu 1300')
  await beyond.exec('ip route add 10.7.0.0/24 via 10.8.0.2')
  await beyond.exec('ip route add fd07::/64 via fd08::2')
  return beyond
}

test('a SYN of the kernel to a backlog that nobody serves ends in its time', options, async (t) => {
  const world = await TunStack.create(t, { limits: { halfOpen: 2 } })
  world.act((stack) => stack.listen({ port: PORT, onConnection: (stream) => stream.end() }))
  // Only SYNs get through: nobody ever completes a handshake.
  world.onInward = (packet) => ((decodeSegment(packet)?.flags ?? 0) & SYN) !== 0
  KernelEnd.connect(world.host, [OURS[4], PORT, 'hold'])
  KernelEnd.connect(world.host, [OURS[4], PORT, 'hold'])
  KernelEnd.connect(world.host, [OURS[4], PORT, 'hold'])
  await eventually(() => (world.stack.counters['tcp-connections'] ?? 0) === 2, {
    what: 'the bound is reached',
  })
  assert.equal(world.stack.counters['tcp-connections'], 2)
})
