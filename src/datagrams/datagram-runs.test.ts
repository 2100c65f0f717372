/** Runs of datagrams against a kernel that only writes down what it was asked to send. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import type { PacketCalls, Syscalls, UdpSocket } from '../linux/index.ts'
import { DatagramRuns, type SendCounters } from './datagram-runs.ts'
import { UdpEndpoint } from './endpoints.ts'
import { allocatePacketMemory } from '../protocols/packet-memory/index.ts'

const ADDRESS = 2 ** 32
const LAYOUT = { message: 64, from: 4096, end: 4096 + 3 * 65536 }
const EINVAL = 22
const EIO = 5
const EMSGSIZE = 90
const EAGAIN = 11

interface Sent {
  readonly fd: number
  readonly port: number
  readonly bytes: Buffer
  readonly segmentBytes: number
  readonly fromLocalAddress: boolean
}

interface World {
  readonly runs: DatagramRuns
  readonly bytes: Uint8Array
  readonly sent: Sent[]
  readonly counters: SendCounters
  readonly put: (to: UdpEndpoint, datagram: Uint8Array) => void
  /** The datagrams as the network sees them. */
  readonly onTheWire: () => { port: number; bytes: Buffer }[]
}

function makeWorld(
  answer: (sent: Sent) => number = () => 0,
  { polled = 1, whenFull = 'wait' }: { polled?: number; whenFull?: 'wait' | 'keep' } = {},
): World {
  const memory = { ...allocatePacketMemory(LAYOUT.end), address: ADDRESS }
  const { view, bytes } = memory
  const sent: Sent[] = []
  const pointer = (at: number) => Number(view.getBigUint64(at, true)) - ADDRESS
  const sendmsg = (fd: number, header: number): number => {
    const at = header - ADDRESS
    const [name, vector, control] = [pointer(at), pointer(at + 16), pointer(at + 32)]
    const from = pointer(vector)
    const controlBytes = view.getUint32(at + 40, true)
    const isBurst = controlBytes > 0 && view.getInt32(control + 12, true) === 103
    const message = {
      fd,
      port: view.getUint16(name + 2),
      bytes: Buffer.from(bytes.slice(from, from + view.getUint32(vector + 8, true))),
      segmentBytes: isBurst ? view.getUint16(control + 16, true) : 0,
      fromLocalAddress: controlBytes > 24 || (controlBytes > 0 && !isBurst),
    }
    const result = answer(message)
    if (result >= 0) sent.push(message)
    return result
  }
  const counters = { sendErrors: 0, refusedBursts: 0 }
  const socket = (fd: number, family: 4 | 6): UdpSocket => ({ fd, family, gso: true, gro: true })
  const runs = new DatagramRuns({
    sys: { poll: () => polled } as unknown as Syscalls,
    calls: { sendmsg } as unknown as PacketCalls,
    ...{ memory, counters, layout: LAYOUT, whenFull },
    socketFor: (family) => socket(family, family),
  })
  const put = (to: UdpEndpoint, datagram: Uint8Array) => {
    bytes.set(datagram, runs.place(datagram.length + 40))
    runs.append(to, datagram.length)
  }
  const onTheWire = () =>
    sent.flatMap(({ port, bytes: all, segmentBytes }) => {
      const size = segmentBytes === 0 ? all.length : segmentBytes
      const count = Math.ceil(all.length / size)
      return Array.from({ length: count }, (_, i) => ({
        port,
        bytes: all.subarray(i * size, (i + 1) * size),
      }))
    })
  return { runs, bytes, sent, counters, put, onTheWire }
}

const peer = (port: number) => new UdpEndpoint({ address: '192.0.2.1', port })
const datagram = (length: number, fill = length) => new Uint8Array(length).fill(fill)

test('datagrams of one size to one place go out in one send', () => {
  const { runs, sent, put } = makeWorld()
  const to = peer(1)
  for (let index = 0; index < 40; index++) put(to, datagram(1452))
  put(to, datagram(96))
  runs.flush()
  assert.deepEqual(
    sent.map(({ segmentBytes, bytes }) => [segmentBytes, bytes.length]),
    [[1452, 40 * 1452 + 96]],
  )
})

test('a single datagram goes without a segment size', () => {
  const { runs, sent, put } = makeWorld()
  put(peer(1), datagram(148))
  runs.flush()
  assert.deepEqual([sent.length, sent[0]?.segmentBytes, sent[0]?.bytes.length], [1, 0, 148])
})

test('each family goes out through its own socket', () => {
  const { runs, sent, put } = makeWorld()
  put(peer(1), datagram(10))
  put(new UdpEndpoint({ address: '2001:db8::1', port: 1 }), datagram(10))
  runs.flush()
  assert.deepEqual(
    sent.map(({ fd }) => fd),
    [4, 6],
  )
})

test('every datagram goes to its place in order, and no send exceeds what a kernel takes', () => {
  const peers = [peer(1), peer(2), peer(3)]
  const step = fc.record({
    to: fc.constantFrom(...peers),
    length: fc.oneof(fc.constant(1452), fc.integer({ min: 32, max: 2000 })),
    times: fc.integer({ min: 1, max: 90 }),
  })
  fc.assert(
    fc.property(fc.array(step, { maxLength: 20 }), (steps) => {
      const { runs, sent, put, onTheWire } = makeWorld()
      const want: { port: number; bytes: Buffer }[] = []
      for (const { to, length, times } of steps) {
        for (let index = 0; index < times; index++) {
          put(to, datagram(length, want.length))
          want.push({ port: to.port, bytes: Buffer.alloc(length, want.length) })
        }
      }
      runs.flush()
      assert.deepEqual(onTheWire(), want)
      for (const { bytes, segmentBytes } of sent) {
        assert.ok(bytes.length <= 65507)
        assert.ok(segmentBytes === 0 || Math.ceil(bytes.length / segmentBytes) <= 64)
      }
    }),
    { numRuns: 50 },
  )
})

test('a path that refuses bursts of a size gets them one by one, and other sizes in bursts', () => {
  const { runs, sent, counters, put, onTheWire } = makeWorld((message) =>
    message.segmentBytes >= 1400 ? -EMSGSIZE : 0,
  )
  const to = peer(1)
  for (let index = 0; index < 5; index++) put(to, datagram(1452))
  runs.flush()
  assert.equal(onTheWire().length, 5)
  for (let index = 0; index < 5; index++) put(to, datagram(1452))
  for (let index = 0; index < 5; index++) put(to, datagram(600))
  runs.flush()
  assert.equal(counters.refusedBursts, 1)
  assert.equal(sent.length, 11)
  assert.equal(sent.at(-1)?.segmentBytes, 600)
})

test('a kernel that cannot send bursts at all is asked once', () => {
  const { runs, sent, counters, put } = makeWorld((message) => (message.segmentBytes > 0 ? -EIO : 0))
  for (let index = 0; index < 5; index++) put(peer(index % 2), datagram(100))
  for (let index = 0; index < 5; index++) put(peer(1), datagram(100))
  runs.flush()
  const to = peer(7)
  for (let index = 0; index < 5; index++) put(to, datagram(100))
  for (let index = 0; index < 5; index++) put(to, datagram(100))
  runs.flush()
  assert.equal(sent.length, 20)
  assert.equal(counters.refusedBursts, 1)
  assert.equal(counters.sendErrors, 0)
})

test('a local address that is gone is forgotten, and the burst goes out', () => {
  const { runs, sent, counters, put } = makeWorld((message) => (message.fromLocalAddress ? -EINVAL : 0))
  const to = peer(1)
  to.localAddress = Uint8Array.of(192, 0, 2, 9)
  for (let index = 0; index < 3; index++) put(to, datagram(100))
  runs.flush()
  assert.deepEqual([sent.length, sent[0]?.segmentBytes, to.localAddress], [1, 100, undefined])
  assert.deepEqual([counters.sendErrors, counters.refusedBursts], [0, 0])
})

test('the local address of an endpoint is sent along', () => {
  const { runs, sent, put } = makeWorld()
  const to = peer(1)
  to.localAddress = Uint8Array.of(192, 0, 2, 9)
  put(to, datagram(100))
  runs.flush()
  put(to, datagram(100))
  put(to, datagram(100))
  runs.flush()
  assert.deepEqual(
    sent.map(({ fromLocalAddress, segmentBytes }) => [fromLocalAddress, segmentBytes]),
    [
      [true, 0],
      [true, 100],
    ],
  )
})

test('a full buffer is waited for, and counted when it stays full', () => {
  let attempts = 0
  const recovering = makeWorld(() => (attempts++ === 0 ? -EAGAIN : 0))
  recovering.put(peer(1), datagram(100))
  recovering.runs.flush()
  assert.deepEqual([recovering.sent.length, recovering.counters.sendErrors], [1, 0])
  const stuck = makeWorld(() => -EAGAIN, { polled: 0 })
  stuck.put(peer(1), datagram(100))
  stuck.runs.flush()
  assert.deepEqual([stuck.sent.length, stuck.counters.sendErrors], [0, 1])
})

test('what does not fit the socket now is kept, in order, until it is tried again', () => {
  const step = fc.record({
    to: fc.constantFrom(peer(1), peer(2)),
    length: fc.oneof(fc.constant(1452), fc.integer({ min: 32, max: 2000 })),
    times: fc.integer({ min: 1, max: 90 }),
  })
  fc.assert(
    fc.property(fc.array(step, { maxLength: 10 }), fc.infiniteStream(fc.boolean()), (steps, full) => {
      const { runs, bytes, onTheWire, counters } = makeWorld(
        () => (full.next().value === true ? -EAGAIN : 0),
        { whenFull: 'keep' },
      )
      const want: { port: number; bytes: Buffer }[] = []
      for (const { to, length, times } of steps) {
        for (let index = 0; index < times; index++) {
          let at = runs.place(length + 40)
          while (at < 0) if (runs.retry()) at = runs.place(length + 40)
          bytes.fill(want.length, at, at + length)
          runs.append(to, length)
          want.push({ port: to.port, bytes: Buffer.alloc(length, want.length) })
        }
      }
      runs.flush()
      while (!runs.retry()) assert.ok(runs.place(1) < 0)
      assert.deepEqual(onTheWire(), want)
      assert.equal(counters.sendErrors, 0)
    }),
    { numRuns: 50 },
  )
})
