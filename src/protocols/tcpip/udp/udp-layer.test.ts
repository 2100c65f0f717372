/** UDP: who gets a datagram, checksums, ports, bounds, and errors about what was sent. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { shuttle, StackUnderTest } from '../../../../test/harness/stack-under-test.ts'
import { buildPacket } from '../../../../test/models/internet-packets.ts'
import { addressBytes, icmpMessage, ipPacket, udpDatagram } from '../../../../test/models/ip-packets.ts'

const V4 = { source: '10.0.0.9', destination: '10.0.0.1' }
const V6 = { source: 'fd00::9', destination: 'fd00::1' }
const both = [V4, V6] as const

const packet = (
  ends: typeof V4,
  d: { to?: number; data?: Uint8Array; checksum?: number; length?: number } = {},
) =>
  ipPacket({
    ...ends,
    protocol: 17,
    payload: udpDatagram(ends, { from: 40_000, to: 5_000, data: Buffer.from('x'), ...d }),
  })

test('send() writes the datagram of RFC 768', () => {
  for (const { source, destination } of both) {
    const host = new StackUnderTest({ addresses: [source] })
    host.stack.openUdp({ localPort: 1234 }).send(Buffer.from('hello'), { address: destination, port: 53 })
    const [sent] = host.sent()
    const version = source.includes(':') ? 6 : 4
    const header = version === 4 ? 20 : 40
    const want = buildPacket({
      ...{ version, protocol: 'udp', source: addressBytes(source), destination: addressBytes(destination) },
      ...{ sourcePort: 1234, destinationPort: 53, trafficClass: 0, hopLimit: 64, id: 0, dontFragment: false },
      ...{ sequence: 0, acknowledgment: 0, flags: 0, window: 0, options: new Uint8Array(0) },
      payload: Buffer.from('hello'),
    })
    assert.deepEqual(sent?.subarray(header), want.subarray(header))
  }
})

test('checksums: 0 is none over IPv4 and wrong over IPv6, and one that sums up to 0 is sent as 0xffff', () => {
  const host = new StackUnderTest()
  let got = 0
  host.stack.openUdp({ localPort: 5_000, onDatagram: () => (got += 1) })
  assert.equal(host.receive(packet(V4, { checksum: 0 })), undefined)
  assert.equal(host.receive(packet(V6, { checksum: 0 })), 'checksum')
  assert.equal(host.receive(packet(V4, { checksum: 1 })), 'checksum')
  assert.equal(host.receive(packet(V6, { checksum: 1 })), 'checksum')
  host.stack.notify()
  assert.equal(got, 1)
  // With its own checksum for data, the sum of a datagram is all ones, and its checksum would be 0.
  const socket = host.stack.openUdp({ localPort: 6_000 })
  const checksumOf = (data: Uint8Array): number => {
    socket.send(data, { address: '10.0.0.9', port: 7 })
    return host.sent()[0]?.readUInt16BE(26) ?? assert.fail()
  }
  const checksum = checksumOf(Uint8Array.of(0, 0))
  assert.equal(checksumOf(Uint8Array.of(checksum >> 8, checksum & 0xff)), 0xffff)
})

test('a length that is not there is malformed; bytes behind the length are not delivered', () => {
  const host = new StackUnderTest({ checkChecksums: false })
  const got: string[] = []
  host.stack.openUdp({ localPort: 5_000, onDatagram: (bytes) => got.push(Buffer.from(bytes).toString()) })
  for (const ends of both) {
    assert.equal(host.receive(packet(ends, { length: 7 })), 'malformed')
    assert.equal(host.receive(packet(ends, { length: 0 })), 'malformed')
    assert.equal(host.receive(packet(ends, { length: 10 })), 'malformed')
    assert.equal(host.receive(packet(ends, { data: Buffer.from('abc'), length: 10 })), undefined)
    assert.equal(host.receive(ipPacket({ ...ends, protocol: 17, payload: Buffer.alloc(7) })), 'malformed')
  }
  host.stack.notify()
  assert.deepEqual(got, ['ab', 'ab'])
})

test('the socket on the address comes before the one on all of them', () => {
  const host = new StackUnderTest({ addresses: ['10.0.0.1', '10.0.0.2', 'fd00::1'] })
  const got: string[] = []
  const open = (name: string, localAddress?: string) =>
    host.stack.openUdp({
      localPort: 5_000,
      ...(localAddress === undefined ? {} : { localAddress }),
      onDatagram: (_, from, to) => got.push(`${name} ${from.address}:${from.port} ${to.address}:${to.port}`),
    })
  const one = open('one', '10.0.0.1')
  open('two', '10.0.0.2')
  for (const destination of ['10.0.0.1', '10.0.0.2']) host.receive(packet({ ...V4, destination }))
  host.stack.notify()
  assert.deepEqual(got.splice(0), ['one 10.0.0.9:40000 10.0.0.1:5000', 'two 10.0.0.9:40000 10.0.0.2:5000'])
  assert.equal(host.receive(packet(V6)), 'no-listener')
  one.close()
  assert.equal(host.receive(packet(V4)), 'no-listener')
})

test('openUdp() says EADDRINUSE and EADDRNOTAVAIL', () => {
  const host = new StackUnderTest({ addresses: ['10.0.0.1', '10.0.0.2'] })
  const all = host.stack.openUdp({ localPort: 5_000 })
  assert.throws(() => host.stack.openUdp({ localPort: 5_000 }), { code: 'EADDRINUSE' })
  assert.throws(() => host.stack.openUdp({ localPort: 5_000, localAddress: '10.0.0.1' }), {
    code: 'EADDRINUSE',
  })
  all.close()
  host.stack.openUdp({ localPort: 5_000, localAddress: '10.0.0.1' })
  host.stack.openUdp({ localPort: 5_000, localAddress: '10.0.0.2' })
  assert.throws(() => host.stack.openUdp({ localPort: 5_000 }), { code: 'EADDRINUSE' })
  assert.throws(() => host.stack.openUdp({ localAddress: '10.0.0.3' }), { code: 'EADDRNOTAVAIL' })
  assert.throws(() => host.stack.openUdp({ localAddress: 'nonsense' }), { code: 'EADDRNOTAVAIL' })
  assert.throws(() => host.stack.openUdp({ localPort: 70_000 }), RangeError)
})

test('ports that nobody chose are large, different and free, until there are none', () => {
  const host = new StackUnderTest()
  const ports = new Set<number>()
  for (let index = 0; index < 32_768; index++) ports.add(host.stack.openUdp().port)
  assert.equal(ports.size, 32_768)
  assert.ok(Math.min(...ports) >= 32_768)
  assert.throws(() => host.stack.openUdp(), { code: 'EADDRINUSE' })
})

test('send() says false to what can not be sent', () => {
  const host = new StackUnderTest({ addresses: ['10.0.0.1'], limits: { udpQueueBytes: 200_000 } })
  const socket = host.stack.openUdp()
  const to = (address: string, port = 7) => ({ address, port })
  assert.equal(socket.send(Buffer.alloc(1), to('fd00::1')), false)
  assert.equal(socket.send(Buffer.alloc(1), to('nonsense')), false)
  assert.equal(socket.send(Buffer.alloc(1), to('10.0.0.9', 0)), false)
  assert.equal(socket.send(Buffer.alloc(1), to('10.0.0.9', 65_536)), false)
  assert.equal(socket.send(Buffer.alloc(65_508), to('10.0.0.9')), false)
  assert.equal(socket.send(Buffer.alloc(65_507), to('10.0.0.9')), true)
  const bound = host.stack.openUdp({ localAddress: '10.0.0.1' })
  host.stack.setAddresses(['10.0.0.2'])
  assert.equal(bound.send(Buffer.alloc(1), to('10.0.0.9')), false)
  socket.close()
  assert.equal(socket.send(Buffer.alloc(1), to('10.0.0.9')), false)
})

test('what waits is bounded in both directions, empty datagrams as well', () => {
  const host = new StackUnderTest({ limits: { udpQueueBytes: 10_000 } })
  let got = 0
  const socket = host.stack.openUdp({ localPort: 5_000, onDatagram: () => (got += 1) })
  const send = () => socket.send(new Uint8Array(0), { address: '10.0.0.9', port: 7 })
  let sent = 0
  while (send()) sent += 1
  assert.ok(sent < 80)
  assert.equal(host.sent().length, sent)
  assert.equal(send(), true)
  const arrive = () => host.receive(packet(V4, { data: new Uint8Array(0) }))
  let arrived = 0
  while (arrive() === undefined) arrived += 1
  assert.equal(arrive(), 'limit')
  host.stack.notify()
  assert.ok(got === arrived && arrived < 80)
  assert.equal(arrive(), undefined)
  socket.close()
  const other = host.stack.openUdp({ localPort: 5_000, onDatagram: () => {} })
  arrived = 0
  while (arrive() === undefined) arrived += 1
  assert.equal(arrived, got, 'what a closed socket had waiting makes room')
  other.close()
})

test('a refused port is told to the sender, once per datagram', () => {
  const a = new StackUnderTest({ addresses: ['10.0.0.2', 'fd00::2'] })
  const b = new StackUnderTest()
  const told: string[] = []
  const socket = a.stack.openUdp({ onError: (code, to) => told.push(`${code} ${to.address} ${to.port}`) })
  for (const address of ['10.0.0.1', 'fd00::1']) socket.send(Buffer.from('?'), { address, port: 9 })
  shuttle(a, b)
  assert.deepEqual(told.toSorted(), ['ECONNREFUSED 10.0.0.1 9', 'ECONNREFUSED fd00::1 9'])
})

test('an error about what was not sent is not told; of many recipients the latest are known', () => {
  const host = new StackUnderTest()
  const told: string[] = []
  const socket = host.stack.openUdp({
    localPort: 5_000,
    onError: (_, to) => told.push(`${to.address} ${to.port}`),
  })
  for (let port = 1; port <= 70; port++) socket.send(Buffer.from('?'), { address: '10.0.0.9', port })
  const sent = host.sent()
  for (const port of [1, 6, 7, 70]) {
    const rest = Buffer.concat([Buffer.alloc(4), sent[port - 1] ?? assert.fail()])
    host.receive(ipPacket({ ...V4, protocol: 1, payload: icmpMessage(V4, { type: 3, code: 3, rest }) }))
  }
  host.stack.notify()
  assert.deepEqual(told, ['10.0.0.9 7', '10.0.0.9 70'])
})

test('a socket may be closed, and others opened, from inside its callback', () => {
  const host = new StackUnderTest()
  const got: number[] = []
  const socket = host.stack.openUdp({
    localPort: 5_000,
    onDatagram: (bytes) => {
      got.push(bytes.length)
      socket.close()
      host.stack.openUdp({ localPort: 5_000, onDatagram: (more) => got.push(100 + more.length) })
    },
  })
  host.receive(packet(V4))
  host.receive(packet(V4))
  host.stack.notify()
  host.receive(packet(V4))
  host.stack.notify()
  assert.deepEqual(got, [1, 101])
})
