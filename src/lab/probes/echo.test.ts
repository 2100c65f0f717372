/** The checksum by the example of RFC 1071 §3. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { internetChecksum } from './echo.ts'

test('the checksum is the complement of the ones’ complement sum', () => {
  const example = Uint8Array.of(0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7)
  assert.equal(internetChecksum(example), ~0xddf2 & 0xffff)
})

test('a packet with its checksum in place sums to zero', () => {
  const packet = Uint8Array.of(8, 0, 0, 0, 0x12, 0x34, 0, 1, 0x77)
  const sum = internetChecksum(packet)
  packet.set([sum >> 8, sum & 255], 2)
  assert.equal(internetChecksum(packet), 0)
})
