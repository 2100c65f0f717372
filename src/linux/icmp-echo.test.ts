/** Echo messages as they are on the wire. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { decodeEchoReply, encodeEchoRequest, internetChecksum } from './icmp-echo.ts'

test('an echo request has its checksum, and is no reply', () => {
  const packet = encodeEchoRequest({ family: 4, identifier: 0x1234, sequence: 7, dataBytes: 4 })
  assert.equal(Buffer.from(packet).toString('hex'), '0800f6d51234000777777777')
  assert.equal(internetChecksum(packet), 0)
  assert.equal(decodeEchoReply(Uint8Array.of(0x45, ...new Uint8Array(19), ...packet), 4), undefined)
})

test('a reply is found behind the IP header of IPv4 and at the start of IPv6', () => {
  const reply = (type: number) => Uint8Array.of(type, 0, 0, 0, 0x12, 0x34, 0, 7)
  const behind = Uint8Array.of(0x46, ...new Uint8Array(23), ...reply(0))
  assert.deepEqual(decodeEchoReply(behind, 4), { identifier: 0x1234, sequence: 7 })
  assert.deepEqual(decodeEchoReply(reply(129), 6), { identifier: 0x1234, sequence: 7 })
  assert.equal(decodeEchoReply(reply(129).subarray(0, 7), 6), undefined)
})

test('the checksum is the one of RFC 1071', () => {
  assert.equal(internetChecksum(Uint8Array.of(0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7)), 0x220d)
})
