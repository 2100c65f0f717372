/**
 * Every declared call, once for real: a wrong signature would crash the process here and not in an agent. What
 * needs root is in test/netns/linux-syscalls.test.ts.
 */
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { loadSyscalls } from './koffi-syscalls.ts'
import { decodeSocketAddress, encodeSocketAddress, encodeUnixAddress } from './socket-address.ts'
import type { SocketAddressSpace } from './syscalls.ts'
import * as uapi from './uapi/index.ts'

const sys = loadSyscalls()
const F_GETFD = 1
const F_SETFD = 2
const FIONREAD = 0x541b
const FIONBIO = 0x5421
const PR_GET_DUMPABLE = 3
const PR_SET_NAME = 15
const LOCALHOST = { address: '127.0.0.1', port: 0 }

const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString()
const opened = (t: TestContext, fd: number): number => {
  assert.ok(fd >= 0, `errno ${-fd}`)
  t.after(() => sys.close(fd))
  return fd
}
const space = (): SocketAddressSpace => ({ bytes: new Uint8Array(28), length: new Int32Array([28]) })
const nameOf = (fd: number) => {
  const name = space()
  assert.equal(sys.getsockname(fd, name), 0)
  return decodeSocketAddress(name.bytes.subarray(0, name.length[0]))
}
const udp = (t: TestContext) => {
  const fd = opened(t, sys.socket(uapi.AF_INET, uapi.SOCK_DGRAM | uapi.SOCK_CLOEXEC, 0))
  assert.equal(sys.bind(fd, encodeSocketAddress(LOCALHOST)), 0)
  const name = nameOf(fd)
  assert.ok(name)
  return { fd, address: encodeSocketAddress(name), port: name.port }
}

test('a refusal is a negative errno', () => {
  assert.equal(sys.open('/nonexistent/file', uapi.O_RDONLY), -uapi.ENOENT)
  assert.equal(sys.close(99_999), -9)
})

test('files: open, write, read into the middle of a buffer, dup, dup3, fcntl, flock', (t) => {
  const directory = mkdtempSync(join(tmpdir(), 'warren-syscalls-'))
  t.after(() => rmSync(directory, { recursive: true }))
  const path = join(directory, 'file')
  const fd = opened(t, sys.open(path, uapi.O_RDWR | uapi.O_CREAT | uapi.O_CLOEXEC, 0o600))
  assert.equal(sys.write(fd, Buffer.from('warren')), 6)
  const again = opened(t, sys.open(path, uapi.O_RDONLY))
  const buffer = new Uint8Array(20).fill(0x2e)
  assert.equal(sys.read(again, buffer.subarray(5, 9)), 4)
  assert.equal(text(buffer), '.....warr...........')
  assert.equal(sys.read(opened(t, sys.dup(again)), buffer.subarray(0, 2)), 2)
  assert.equal(text(buffer).slice(0, 2), 'en')
  assert.equal(sys.dup3(fd, again, uapi.O_CLOEXEC), again)
  assert.equal(sys.fcntl(again, F_GETFD, 0), 1)
  assert.equal(sys.fcntl(again, F_SETFD, 0), 0)
  assert.equal(sys.fcntl(again, F_GETFD, 0), 0)
  const other = opened(t, sys.open(path, uapi.O_RDONLY))
  assert.equal(sys.flock(fd, uapi.LOCK_EX | uapi.LOCK_NB), 0)
  assert.equal(sys.flock(other, uapi.LOCK_EX | uapi.LOCK_NB), -uapi.EAGAIN)
  assert.equal(sys.flock(fd, uapi.LOCK_UN), 0)
})

test('an eventfd becomes readable, and poll tells', (t) => {
  const fd = opened(t, sys.eventfd(0, uapi.EFD_NONBLOCK | uapi.EFD_CLOEXEC))
  const fds = new Uint8Array(8)
  const view = new DataView(fds.buffer)
  view.setInt32(0, fd, true)
  view.setInt16(4, uapi.POLLIN, true)
  assert.equal(sys.poll(fds, 0), 0)
  const counter = new BigUint64Array([3n])
  assert.equal(sys.write(fd, new Uint8Array(counter.buffer)), 8)
  assert.equal(sys.poll(fds, 1000), 1)
  assert.equal(view.getInt16(6, true), uapi.POLLIN)
  assert.equal(sys.read(fd, new Uint8Array(counter.buffer)), 8)
  assert.deepEqual([counter[0], sys.read(fd, new Uint8Array(8))], [3n, -uapi.EAGAIN])
})

test('datagrams: sendto, recvfrom, connect, send, recv', (t) => {
  const a = udp(t)
  const b = udp(t)
  assert.equal(sys.sendto(a.fd, Buffer.from('ping'), 0, b.address), 4)
  const from = space()
  const buffer = new Uint8Array(64)
  assert.equal(sys.recvfrom(b.fd, buffer, 0, from), 4)
  assert.equal(text(buffer.subarray(0, 4)), 'ping')
  assert.deepEqual(decodeSocketAddress(from.bytes), { address: '127.0.0.1', port: a.port })
  assert.equal(sys.connect(b.fd, a.address), 0)
  assert.equal(sys.send(b.fd, Buffer.from('pong!'), 0), 5)
  assert.equal(sys.ioctl(a.fd, FIONREAD, new Uint8Array(4)), 0)
  assert.equal(sys.recv(a.fd, buffer, 0), 5)
  assert.equal(sys.recv(a.fd, buffer, uapi.MSG_DONTWAIT), -uapi.EAGAIN)
})

test('ioctl fills a structure, and takes a number', (t) => {
  const a = udp(t)
  sys.sendto(a.fd, Buffer.from('12345'), 0, a.address)
  const size = new Int32Array(1)
  assert.equal(sys.ioctl(a.fd, FIONREAD, new Uint8Array(size.buffer)), 0)
  assert.equal(size[0], 5)
  assert.equal(sys.ioctl(a.fd, FIONBIO, new Uint8Array(4)), 0)
  assert.equal(sys.ioctl(a.fd, 0x1234, 0), -25)
})

test('a message header gathers parts and is used again', (t) => {
  const a = udp(t)
  const b = udp(t)
  const parts = [Buffer.from('head:'), Buffer.alloc(100)]
  const out = sys.messageHeader({ name: b.address, parts })
  const into = [new Uint8Array(3), new Uint8Array(64)]
  const back = sys.messageHeader({ name: new Uint8Array(28), parts: into, control: new Uint8Array(64) })
  for (const body of ['one', 'twelve']) {
    parts[1]?.set(Buffer.from(body))
    out.setPartLength(1, body.length)
    assert.equal(sys.sendmsg(a.fd, out, 0), 5 + body.length)
    back.nameLength = 28
    back.controlLength = 64
    assert.equal(sys.recvmsg(b.fd, back, 0), 5 + body.length)
    assert.equal(
      text(into[0] ?? new Uint8Array()) + text((into[1] ?? new Uint8Array()).subarray(0, 2 + body.length)),
      `head:${body}`,
    )
    assert.deepEqual([back.nameLength, back.controlLength, back.flags], [16, 0, 0])
    assert.deepEqual(decodeSocketAddress(back.name ?? new Uint8Array()), {
      address: '127.0.0.1',
      port: a.port,
    })
  }
  back.setPartCount(1)
  sys.sendmsg(a.fd, out, 0)
  assert.equal(sys.recvmsg(b.fd, back, 0), 3)
  assert.equal(back.flags & uapi.MSG_TRUNC, uapi.MSG_TRUNC)
})

test('a message header refuses lengths beyond its buffers', () => {
  const header = sys.messageHeader({ parts: [new Uint8Array(4)] })
  assert.throws(() => header.setPartLength(0, 5), RangeError)
  assert.throws(() => header.setPartLength(1, 1), RangeError)
  assert.throws(() => header.setPartCount(2), RangeError)
  assert.throws(() => {
    header.nameLength = 1
  }, RangeError)
  assert.throws(() => {
    header.controlLength = 1
  }, RangeError)
})

test('streams: listen, connect, accept4, shutdown', (t) => {
  const stream = (): number => opened(t, sys.socket(uapi.AF_INET, uapi.SOCK_STREAM, 0))
  const server = stream()
  assert.equal(sys.setsockopt(server, uapi.SOL_SOCKET, uapi.SO_REUSEADDR, 1), 0)
  assert.equal(sys.bind(server, encodeSocketAddress(LOCALHOST)), 0)
  assert.equal(sys.listen(server, 4), 0)
  const client = stream()
  const where = nameOf(server)
  assert.ok(where)
  assert.equal(sys.connect(client, encodeSocketAddress(where)), 0)
  const from = space()
  const accepted = opened(t, sys.accept4(server, uapi.SOCK_CLOEXEC, from))
  assert.deepEqual(decodeSocketAddress(from.bytes.subarray(0, from.length[0])), nameOf(client))
  assert.equal(sys.shutdown(client, 1), 0)
  assert.equal(sys.recv(accepted, new Uint8Array(1), 0), 0)
})

test('a Unix socket binds to a path', (t) => {
  const directory = mkdtempSync(join(tmpdir(), 'warren-syscalls-'))
  t.after(() => rmSync(directory, { recursive: true }))
  const fd = opened(t, sys.socket(uapi.AF_UNIX, uapi.SOCK_STREAM, 0))
  assert.equal(sys.bind(fd, encodeUnixAddress(join(directory, 's'))), 0)
})

test('socket options as number and as bytes', (t) => {
  const { fd } = udp(t)
  const value = new Int32Array(1)
  assert.equal(sys.setsockopt(fd, uapi.SOL_SOCKET, uapi.SO_RCVBUF, 65_536), 0)
  assert.equal(sys.getsockopt(fd, uapi.SOL_SOCKET, uapi.SO_RCVBUF, new Uint8Array(value.buffer)), 4)
  assert.equal(value[0], 131_072)
  assert.equal(
    sys.setsockopt(fd, uapi.SOL_SOCKET, uapi.SO_RCVBUF, new Uint8Array(Int32Array.of(4096).buffer)),
    0,
  )
  assert.equal(sys.getsockopt(fd, uapi.SOL_SOCKET, 9999, new Uint8Array(4)), -92)
})

test('prctl and capget answer about this process', () => {
  assert.ok([0, 1, 2].includes(sys.prctl(PR_GET_DUMPABLE)))
  assert.equal(sys.prctl(PR_SET_NAME, -1), -14)
  const header = new Uint8Array(8)
  new DataView(header.buffer).setUint32(0, 0x20080522, true)
  assert.equal(sys.capget(header, new Uint8Array(24)), 0)
})
