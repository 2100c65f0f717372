/** UDP through a fake tunnel and a fake local socket. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setImmediate as immediate } from 'node:timers/promises'
import { ManualClock } from '../../../test/harness/manual-clock.ts'
import type { SocketEnd } from '../../streams/index.ts'
import type { Tunnel } from '../../tunnel/index.ts'
import type { InsideListener } from '../publish/index.ts'
import type { DatagramDialer, DatagramOptions, Dialer } from './dialer.ts'
import { UdpForward, type UdpForwardLimits } from './udp-forward.ts'

const TARGET = { address: 'fd00::53', port: 53 }

interface FakePort {
  readonly options: DatagramOptions
  readonly sent: string[]
  isOpen: boolean
}

function forwarded(limits: Partial<UdpForwardLimits> = {}, addresses: readonly string[] = [TARGET.address]) {
  const clock = new ManualClock()
  const ports: FakePort[] = []
  const dialer: DatagramDialer = {
    resolve: () => Promise.resolve(addresses),
    openUdp: (options) => {
      const port: FakePort = { options, sent: [], isOpen: true }
      ports.push(port)
      return {
        send: (bytes, to) => port.sent.push(`${text(bytes)} to ${to.address} ${to.port}`) > 0,
        close: () => void (port.isOpen = false),
      }
    },
  }
  const answers: string[] = []
  const local = {
    send: (bytes: Uint8Array, to: SocketEnd) => void answers.push(`${text(bytes)} to ${to.port}`),
  }
  const to = { host: 'dns.internal', port: TARGET.port }
  const forward = new UdpForward({ dialer: () => dialer, to, clock, limits })
  const send = (what: string, port: number) =>
    forward.accept(new TextEncoder().encode(what), { address: '127.0.0.1', port }, local)
  return { clock, forward, ports, answers, send }
}

const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes)
const answer = (port: FakePort | undefined, what: string, from: SocketEnd = TARGET): void =>
  port?.options.onDatagram(new TextEncoder().encode(what), from)

test('every client has a flow of its own, and answers find their way back', async () => {
  const { forward, ports, answers, send } = forwarded()
  send('a', 1000)
  send('b', 1000)
  send('c', 2000)
  await immediate()
  send('d', 1000)
  assert.deepEqual(
    ports.map(({ sent }) => sent),
    [['a', 'b', 'd'].map((what) => `${what} to fd00::53 53`), ['c to fd00::53 53']],
  )
  answer(ports[1], 'C')
  answer(ports[0], 'AA')
  assert.deepEqual(answers, ['C to 2000', 'AA to 1000'])
  assert.deepEqual(forward.figures(), {
    ...{ connections: 2, connectionsTotal: 2, receivedBytes: 4, sentBytes: 3, errors: {} },
  })
})

test('what comes from anybody but the target is no answer', async () => {
  const { ports, answers, send } = forwarded()
  send('a', 1000)
  await immediate()
  answer(ports[0], 'forged', { address: 'fd00::666', port: 53 })
  answer(ports[0], 'forged', { address: 'fd00::53', port: 54 })
  assert.deepEqual(answers, [])
})

test('a flow without datagrams in either direction ends, and one with answers does not', async () => {
  const { clock, forward, ports, send } = forwarded({ idleMs: 1000 })
  send('a', 1000)
  send('b', 2000)
  for (let round = 0; round < 4; round++) {
    await clock.advance(400)
    answer(ports[0], 'x')
  }
  assert.deepEqual(
    ports.map(({ isOpen }) => isOpen),
    [true, false],
  )
  assert.equal(forward.figures().connections, 1)
  await clock.advance(3000)
  assert.deepEqual([forward.figures().connections, clock.waiting], [0, 0])
})

test('when there are as many flows as may be, a silent one gives way, and a busy one does not', async () => {
  const { clock, forward, ports, send } = forwarded({ flows: 2, idleMs: 100_000 })
  send('a', 1000)
  send('b', 2000)
  send('c', 3000)
  await immediate()
  assert.deepEqual([ports.length, forward.figures().errors], [2, { limit: 1, 'datagram-dropped': 1 }])
  await clock.advance(11_000)
  send('a', 1000)
  send('c', 3000)
  await immediate()
  assert.deepEqual(
    ports.map(({ isOpen }) => isOpen),
    [true, false, true],
  )
})

test('while the name is looked up little waits, and a name without an address ends the flow', async () => {
  const { forward, ports, send } = forwarded({}, [])
  for (let index = 0; index < 20; index++) send('a', 1000)
  await immediate()
  const { connections, errors } = forward.figures()
  assert.deepEqual([connections, ports.length, errors], [0, 0, { ENOTFOUND: 1, 'datagram-dropped': 4 }])
})

test('close() ends all flows and leaves no timer', async () => {
  const { clock, forward, ports, send } = forwarded()
  send('a', 1000)
  await immediate()
  forward.close()
  send('b', 1000)
  assert.deepEqual([ports[0]?.isOpen, ports.length, clock.waiting], [false, 1, 0])
})

test('a tunnel is what forwards and published ports ask for', () => {
  const tunnel = {} as Tunnel
  const fits: readonly [Dialer, DatagramDialer, InsideListener] = [tunnel, tunnel, tunnel]
  assert.equal(fits.length, 3)
})
