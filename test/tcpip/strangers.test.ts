/** What a stranger can make a stack do, and what not: numbers that cannot be guessed, answers that are rationed. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { PagePool } from '../../src/streams/index.ts'
import { StackHost } from './stack-host.ts'
import { ACK, decodeIp, decodeSegment, encodeSegment, RST, SYN, UDP, type Segment } from './wire/segment.ts'
import { buildPacket } from '../models/internet-packets.ts'

const OURS = '10.0.0.1'
const THEIRS = '10.0.0.2'

interface World {
  readonly host: StackHost
  readonly sent: Uint8Array[]
}

function world(options: Partial<ConstructorParameters<typeof StackHost>[0]> = {}): World {
  const sent: Uint8Array[] = []
  return { sent, host: new StackHost({ ...options, onPacket: (packet) => sent.push(packet) }) }
}

const segment = (more: Partial<Segment>): Uint8Array =>
  encodeSegment({
    ...{ source: THEIRS, destination: OURS, sourcePort: 5000, destinationPort: 80, sequence: 1000 },
    ...{ acknowledgment: 0, flags: SYN, window: 8000, urgent: 0, options: {}, payload: new Uint8Array(0) },
    ...more,
  })

function say({ host }: World, ...packets: readonly Uint8Array[]): void {
  for (const packet of packets) host.receive(packet)
  host.turn()
}

function firstNumber(of: World, localPort: number): number {
  of.sent.length = 0
  const stream = of.host.stack.connect({ address: THEIRS, port: 80 }, { localPort })
  of.host.turn()
  stream.destroy()
  of.host.turn()
  return decodeSegment(of.sent[0]!)!.sequence
}

test('first numbers of one pair of ends go up by a clock of 4 µs (RFC 6528 §3)', () => {
  const one = world()
  const first = firstNumber(one, 4000)
  one.host.run(1_000)
  assert.equal((firstNumber(one, 4000) - first) >>> 0, 250_000)
})

test('first numbers of other ends, or of another stack, tell nothing about each other', () => {
  const [one, other] = [world({ seed: 1 }), world({ seed: 2 })]
  const numbers = new Set<number>()
  for (let port = 4000; port < 4200; port++) numbers.add(firstNumber(one, port)).add(firstNumber(other, port))
  assert.equal(numbers.size, 400)
  const upper = [...numbers].filter((number) => number >= 2 ** 31).length
  assert.ok(upper > 150 && upper < 250, `${upper} of 400 in the upper half`)
})

test('local ports of connections are drawn, not counted (RFC 6056)', () => {
  const one = world()
  const ports = Array.from(
    { length: 50 },
    () => one.host.stack.connect({ address: THEIRS, port: 80 }).local.port,
  )
  assert.equal(new Set(ports).size, 50)
  const steps = ports.slice(1).map((port, index) => Math.abs(port - ports[index]!))
  assert.ok(steps.filter((step) => step > 100).length > 30, `ports ${ports.join(' ')}`)
  assert.ok(ports.every((port) => port >= 1024))
})

test('a flood of segments to closed ports is answered only so often', () => {
  const one = world({ limits: { answersPerSecond: 100 } })
  for (let port = 1; port <= 5000; port++) say(one, segment({ destinationPort: port + 100 }))
  const resets = one.sent.filter((packet) => decodeSegment(packet)!.flags & RST)
  assert.ok(resets.length >= 50 && resets.length <= 200, `${resets.length} answers`)
  one.sent.length = 0
  one.host.run(1_000)
  say(one, segment({ destinationPort: 9 }))
  assert.equal(one.sent.length, 1, 'a second later there are answers again')
})

test('challenges of one connection are rationed (RFC 5961 §7)', () => {
  const one = world()
  one.host.stack.listen({ port: 80, onConnection: () => {} })
  say(one, segment({}))
  const { sequence } = decodeSegment(one.sent[0]!)!
  say(one, segment({ sequence: 1001, acknowledgment: (sequence + 1) >>> 0, flags: ACK }))
  one.sent.length = 0
  for (let number = 0; number < 2000; number++) say(one, segment({ sequence: 5000 + number }))
  assert.ok(one.sent.length >= 1 && one.sent.length <= 200, `${one.sent.length} challenges`)
})

test('a flood of SYNs holds no more than the bound, takes no pages, and lets others in', () => {
  const pool = new PagePool({ maxBytes: 1024 * 1024 })
  const one = world({ limits: { halfOpen: 100 }, pool })
  let accepted = 0
  one.host.stack.listen({ port: 80, onConnection: () => accepted++ })
  for (let port = 1024; port < 6024; port++) say(one, segment({ sourcePort: port }))
  assert.ok((one.host.stack.counters['tcp-connections'] ?? 0) <= 100)
  assert.equal(pool.usedBytes, 0)
  one.sent.length = 0
  say(one, segment({ sourcePort: 7000 }))
  const { sequence } = decodeSegment(one.sent[0]!)!
  say(one, segment({ sourcePort: 7000, sequence: 1001, acknowledgment: (sequence + 1) >>> 0, flags: ACK }))
  assert.equal(accepted, 1)
  one.host.run(600_000)
  assert.ok((one.host.stack.counters['tcp-connections'] ?? 0) <= 1)
})

test('datagrams to closed ports are answered only so often, and never those from nowhere', () => {
  const one = world({ limits: { answersPerSecond: 100 } })
  const datagram = (last: number, destinationPort: number): Buffer =>
    buildPacket({
      ...{ version: 4, protocol: 'udp', source: Uint8Array.of(10, 0, 0, last), trafficClass: 0, hopLimit: 9 },
      ...{
        destination: Uint8Array.of(10, 0, 0, 1),
        sourcePort: 99,
        destinationPort,
        id: 3,
        dontFragment: false,
      },
      ...{ sequence: 0, acknowledgment: 0, flags: 0, window: 0 },
      ...{ options: new Uint8Array(0), payload: new Uint8Array(7) },
    })
  for (let port = 1; port <= 3000; port++) say(one, datagram(2, port))
  assert.ok(one.sent.length >= 50 && one.sent.length <= 200, `${one.sent.length} answers`)
  assert.ok(one.sent.every((packet) => decodeIp(packet).protocol !== UDP))
})

test('data of connections that nobody reads is bounded by the pool, and the rest goes on', () => {
  const pool = new PagePool({ maxBytes: 512 * 1024 })
  const one = world({ pool, limits: { connectionBufferBytes: 256 * 1024 } })
  one.host.stack.listen({ port: 80, onConnection: () => {} })
  for (let port = 1024; port < 1124; port++) {
    one.sent.length = 0
    say(one, segment({ sourcePort: port, options: { mss: 1460, windowScale: 7 } }))
    const { sequence } = decodeSegment(one.sent[0]!)!
    const acknowledgment = (sequence + 1) >>> 0
    const next = { sourcePort: port, acknowledgment, flags: ACK, payload: new Uint8Array(1400) }
    for (let at = 0; at < 40; at++) say(one, segment({ ...next, sequence: 1001 + at * 1400 }))
  }
  assert.ok(pool.usedBytes <= 512 * 1024)
  const echo = world({ pool })
  assert.ok(echo.host.stack.nextDeadline() === undefined)
})
