/**
 * UDP in bursts (UDP_SEGMENT, UDP_GRO), as QUIC or a tunnel within the tunnel would send it:
 *
 *   udp-burst.ts serve ADDRESS PORT COUNT         prints "ready", then {"datagrams":…,"bursts":…} once COUNT came
 *   udp-burst.ts send ADDRESS PORT COUNT SIZE     each datagram holds its number
 */
import {
  bindUdp,
  check,
  encodeSocketAddress,
  loadPacketCalls,
  loadSyscalls,
  openUdpSocket,
  UDP_MESSAGE_BYTES,
  UdpReceiver,
  UdpSender,
} from '../../src/linux/index.ts'
import { allocatePacketMemory } from '../../src/protocols/packet-memory/index.ts'

const [verb, address = '', port = '0', count = '0', size = '0'] = process.argv.slice(2)
const sys = loadSyscalls()
const calls = loadPacketCalls()
const allocated = allocatePacketMemory(200_000)
const memory = { ...allocated, address: calls.addressOf(allocated.bytes) }
const socket = openUdpSocket(sys, { family: address.includes(':') ? 6 : 4, mark: 0 })
if (socket === undefined) throw new Error('no such family')
const DATA = 1024
const POLLIN = 1

if (verb === 'send') send(Number(count), Number(size))
else serve(Number(count))

function send(datagrams: number, bytes: number): void {
  for (let index = 0; index < datagrams; index++) {
    memory.view.setUint32(DATA + index * bytes, index)
    memory.bytes.fill(index, DATA + index * bytes + 4, DATA + (index + 1) * bytes)
  }
  const to = { sockaddr: encodeSocketAddress({ address, port: Number(port) }), localAddress: undefined }
  const sender = new UdpSender(calls, memory, 64)
  check(sender.send(socket?.fd ?? -1, to, DATA, datagrams * bytes, bytes), 'send a burst')
}

function serve(datagrams: number): void {
  const fd = socket?.fd ?? -1
  if (socket) check(bindUdp(sys, socket, Number(port)), 'bind')
  process.stdout.write('ready\n')
  const receiver = new UdpReceiver(calls, memory, 64 + UDP_MESSAGE_BYTES)
  const pollfd = new Uint8Array(8)
  new DataView(pollfd.buffer).setInt32(0, fd, true)
  pollfd[4] = POLLIN
  let bursts = 0
  let seen = 0
  while (seen < datagrams) {
    if (sys.poll(pollfd, 5000) === 0) break
    const length = check(receiver.receive(fd, DATA, 65535), 'receive a burst')
    bursts++
    for (let at = DATA; at < DATA + length; at += receiver.segmentBytes) {
      if (memory.view.getUint32(at) !== seen || memory.view.getUint8(at + 4) !== (seen & 255))
        throw new Error(`not ${seen}`)
      seen++
    }
  }
  process.stdout.write(`${JSON.stringify({ datagrams: seen, bursts })}\n`)
}
