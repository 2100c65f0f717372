/** Bursts over the loopback, on the running kernel: no privilege is needed for that. */
import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { check } from './kernel-error.ts'
import { loadSyscalls } from './koffi-syscalls.ts'
import { NativeBlock } from './native-memory.ts'
import { loadPacketCalls } from './packet-calls.ts'
import { decodeSocketAddress, encodeSocketAddress } from './socket-address.ts'
import { UDP_MESSAGE_BYTES, UdpReceiver, UdpSender } from './udp-messages.ts'
import { bindUdp, isAddressInUse, openUdpSocket, type UdpSocket } from './udp.ts'

const sys = loadSyscalls()
const calls = loadPacketCalls()
const DATA = 4096
const INTO = 80_000
const POLLIN = 1

function open(t: TestContext, family: 4 | 6, plain: boolean): UdpSocket {
  const socket = openUdpSocket(sys, { family, mark: 0, plain })
  assert.ok(socket)
  t.after(() => sys.close(socket.fd))
  return socket
}

function waitFor(fd: number): void {
  const request = new Uint8Array(8)
  new DataView(request.buffer).setInt32(0, fd, true)
  request[4] = POLLIN
  assert.equal(sys.poll(request, 5000), 1)
}

const LOOPBACK = { 4: '127.0.0.1', 6: '::1' } as const

for (const family of [4, 6] as const) {
  for (const plain of [false, true]) {
    const how = plain ? 'one by one without offloads' : 'in a burst'
    test(`IPv${family}: datagrams sent ${how} arrive whole, with source and local address`, (t) => {
      const memory = new NativeBlock(160_000)
      const [left, right] = [open(t, family, plain), open(t, family, plain)]
      const [from, to] = [check(bindUdp(sys, left, 0), 'bind'), check(bindUdp(sys, right, 0), 'bind')]
      const sender = new UdpSender(calls, memory, 64)
      const receiver = new UdpReceiver(calls, memory, 64 + UDP_MESSAGE_BYTES)
      for (let index = 0; index < 1050; index++) memory.bytes[DATA + index] = index >> 2
      const address = LOOPBACK[family]
      const destination = { sockaddr: encodeSocketAddress({ address, port: to }), localAddress: undefined }
      if (left.gso) assert.equal(sender.send(left.fd, destination, DATA, 1050, 100), 1050)
      else
        for (let at = 0; at < 1050; at += 100)
          sender.send(left.fd, destination, DATA + at, Math.min(100, 1050 - at), 0)
      let length = 0
      while (length < 1050) {
        waitFor(right.fd)
        const got = receiver.receive(right.fd, INTO + length, 65535)
        assert.ok(got > 0)
        assert.equal(receiver.segmentBytes, Math.min(100, got))
        length += got
      }
      assert.equal(length, 1050)
      assert.deepEqual(memory.bytes.slice(INTO, INTO + 1050), memory.bytes.slice(DATA, DATA + 1050))
      const source = decodeSocketAddress(memory.bytes.slice(receiver.sockaddrAt, receiver.sockaddrAt + 28))
      assert.deepEqual(source, { address, port: from })
      const local = memory.bytes.slice(
        receiver.localAddressAt,
        receiver.localAddressAt + (family === 4 ? 4 : 16),
      )
      assert.deepEqual([...local], family === 4 ? [127, 0, 0, 1] : [...new Uint8Array(15), 1])
    })
  }
}

test('a datagram leaves from the local address that is asked for', (t) => {
  const memory = new NativeBlock(160_000)
  const [left, right] = [open(t, 4, false), open(t, 4, false)]
  const [, to] = [check(bindUdp(sys, left, 0), 'bind'), check(bindUdp(sys, right, 0), 'bind')]
  const sender = new UdpSender(calls, memory, 64)
  const receiver = new UdpReceiver(calls, memory, 64 + UDP_MESSAGE_BYTES)
  const sockaddr = encodeSocketAddress({ address: '127.0.0.1', port: to })
  // One destination object whose local address changes, as an endpoint's does.
  const destination: { sockaddr: Uint8Array; localAddress: Uint8Array | undefined } = {
    sockaddr,
    localAddress: undefined,
  }
  for (const last of [1, 7, 9, 1]) {
    destination.localAddress = Uint8Array.of(127, 0, 0, last)
    assert.equal(sender.send(left.fd, destination, DATA, 10, 0), 10)
    waitFor(right.fd)
    assert.equal(receiver.receive(right.fd, INTO, 65535), 10)
    const source = decodeSocketAddress(memory.bytes.slice(receiver.sockaddrAt, receiver.sockaddrAt + 28))
    assert.equal(source?.address, `127.0.0.${last}`)
  }
})

test('receive() says EAGAIN when nothing is there, and bindUdp() tells a port that is taken', (t) => {
  const memory = new NativeBlock(160_000)
  const [one, two] = [open(t, 4, false), open(t, 4, false)]
  const port = check(bindUdp(sys, one, 0), 'bind')
  assert.equal(new UdpReceiver(calls, memory, 64).receive(one.fd, INTO, 65535), -11)
  assert.equal(isAddressInUse(bindUdp(sys, two, port)), true)
})

test('bootTimeMs() does not go back', () => {
  let last = calls.bootTimeMs()
  for (let index = 0; index < 1000; index++) {
    const now = calls.bootTimeMs()
    assert.ok(now >= last)
    last = now
  }
})
