/**
 * Stands between an initiator and a responder, brings the responder under load before each initiation that it lets
 * through, and tells what passes:
 *
 *   handshake-relay.ts LISTEN-PORT RESPONDER-PORT RESPONDER-KEY COUNT
 *
 *   initiator ──► LISTEN-PORT ─ relay ─► 127.0.0.1:RESPONDER-PORT        one JSON line for each handshake message
 *                     before it: COUNT initiations with a true MAC1 and nothing else true
 *
 * Prints {"underLoad":true} once the responder has answered the flood with a cookie. MAC1 is computed here with a library
 * (paper §5.4.4), not with the code that is tested.
 */
import { blake2s } from '@noble/hashes/blake2.js'
import { randomBytes } from 'node:crypto'
import { createSocket, type RemoteInfo } from 'node:dgram'
import { allocatePacketMemory } from '../../src/protocols/packet-memory/index.ts'
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

const [listenPort = '0', responderPort = '0', responderKey = '', count = '0'] = process.argv.slice(2)
const [INITIATION, COOKIE_REPLY, TRANSPORT] = [1, 3, 4]
const INITIATION_BYTES = 148
const MAC1_AT = 116
const MAC2_AT = 132
/** As many as UDP_SEGMENT takes at once. */
const BURST = 64
const DRAINED_AFTER_MS = 150
const LOOK_EVERY_MS = 100
const AGAIN_EVERY_MS = 1500
/** Behind the headers of both directions; the flood, then room for a reply. */
const DATA = 1024
const flood = makeFlood(Number(count))
const REPLY = DATA + flood.length

const [sys, calls] = [loadSyscalls(), loadPacketCalls()]
const allocated = allocatePacketMemory(REPLY + 65536)
const memory = { ...allocated, address: calls.addressOf(allocated.bytes) }
memory.bytes.set(flood, DATA)
const socket = openUdpSocket(sys, { family: 4, mark: 0 })
if (socket === undefined) throw new Error('no IPv4')
check(bindUdp(sys, socket, 0), 'bind')
const to = {
  sockaddr: encodeSocketAddress({ address: '127.0.0.1', port: Number(responderPort) }),
  localAddress: undefined,
}
const sender = new UdpSender(calls, memory, 64)
const receiver = new UdpReceiver(calls, memory, 64 + UDP_MESSAGE_BYTES)

relay()
showLoad()

function relay(): void {
  const [outside, inside] = [createSocket('udp4'), createSocket('udp4')]
  let initiator: RemoteInfo | undefined
  outside.on('message', (datagram, from) => {
    initiator = from
    tell('initiator', datagram)
    const forward = () => inside.send(datagram, Number(responderPort), '127.0.0.1')
    if (datagram[0] !== INITIATION) return forward()
    sendFlood()
    // Load is remembered for a second, and a full receive buffer would drop this one.
    setTimeout(forward, DRAINED_AFTER_MS)
  })
  inside.on('message', (datagram) => {
    tell('responder', datagram)
    if (initiator !== undefined) outside.send(datagram, initiator.port, initiator.address)
  })
  outside.bind(Number(listenPort), () => print({ ready: true }))
}

function tell(from: string, datagram: Buffer): void {
  const type = datagram[0] ?? 0
  if (type !== TRANSPORT) print({ from, type, mac2: datagram.subarray(-16).some((byte) => byte !== 0) })
}

/** Floods until a cookie shows that it is enough. */
function showLoad(): void {
  sendFlood()
  const again = setInterval(sendFlood, AGAIN_EVERY_MS)
  const look = setInterval(() => {
    while (receiver.receive(socket?.fd ?? -1, REPLY, 65535) > 0) {
      if (memory.bytes[REPLY] !== COOKIE_REPLY) continue
      print({ underLoad: true })
      clearInterval(again)
      clearInterval(look)
      return
    }
  }, LOOK_EVERY_MS)
}

function sendFlood(): void {
  for (let at = 0; at < flood.length; at += BURST * INITIATION_BYTES) {
    const length = Math.min(BURST * INITIATION_BYTES, flood.length - at)
    sender.send(socket?.fd ?? -1, to, DATA + at, length, INITIATION_BYTES)
  }
}

/** Noise's part is random: each costs the responder a Diffie-Hellman unless it is under load. */
function makeFlood(messages: number): Uint8Array {
  const label = Buffer.from('mac1----')
  const key = blake2s(Buffer.concat([label, Buffer.from(responderKey, 'base64')]))
  const all = new Uint8Array(messages * INITIATION_BYTES)
  for (let at = 0; at < all.length; at += INITIATION_BYTES) {
    all.set([INITIATION, 0, 0, 0, ...randomBytes(MAC1_AT - 4)], at)
    all.set(blake2s(all.subarray(at, at + MAC1_AT), { key, dkLen: MAC2_AT - MAC1_AT }), at + MAC1_AT)
  }
  return all
}

function print(line: Readonly<Record<string, unknown>>): void {
  process.stdout.write(`${JSON.stringify(line)}\n`)
}
