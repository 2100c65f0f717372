/**
 * Netlink's own layout, written out by hand from <linux/netlink.h>: headers, padding, nests, acknowledgements.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { attributePath, decodeAcknowledgement } from './acknowledgement.ts'
import { AttributeCursor } from './attribute-cursor.ts'
import { splitMessages } from './message.ts'
import { MessageWriter } from './message-writer.ts'

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex')
const bytes = (...text: readonly string[]): Uint8Array =>
  new Uint8Array(Buffer.from(text.join('').replaceAll(' ', ''), 'hex'))

const message = () => {
  const writer = new MessageWriter(8)
  writer.message({ type: 16, flags: 0x605, sequence: 0x01020304 }, () => {
    writer.u8(10).u8(0).u16(1).i32(-2)
    writer.attributeString(3, 'wg0')
    writer.attributeU32(4, 1420)
    writer.nest(18, () => writer.attributeString(1, 'wireguard'))
    writer.attributeU8(11, 87)
    writer.attributeFlag(5)
  })
  return writer
}

test('MessageWriter writes header, attributes, padding and nests as the kernel reads them', () => {
  assert.equal(
    hex(message().bytes),
    [
      '48000000 1000 0506 04030201 00000000', // nlmsghdr: 72 bytes, RTM_NEWLINK, flags, sequence, port 0
      '0a00 0100 feffffff', // the fixed header
      '0800 0300 77673000', // IFLA_IFNAME "wg0" and its NUL
      '0800 0400 8c050000', // IFLA_MTU 1420
      '1400 1280 0e00 0100 776972656775617264 00 0000', // IFLA_LINKINFO, nested, { kind "wireguard" }, padded
      '0500 0b00 57 000000', // one byte, padded
      '0400 0500', // a flag
    ]
      .join('')
      .replaceAll(' ', ''),
  )
})

test('AttributeCursor reads back what was written, without the flag for nests', () => {
  const [only] = [...splitMessages(message().bytes)]
  assert.ok(only)
  assert.deepEqual(
    [only.type, only.flags, only.sequence, only.payload.byteLength],
    [16, 0x605, 0x01020304, 56],
  )
  const cursor = new AttributeCursor(only.payload, 8)
  assert.ok(cursor.next())
  assert.deepEqual([cursor.type, cursor.string()], [3, 'wg0'])
  assert.ok(cursor.next())
  assert.deepEqual([cursor.type, cursor.u32(), cursor.u64()], [4, 1420, undefined])
  assert.ok(cursor.next())
  const inner = cursor.nested()
  assert.deepEqual(
    [cursor.type, inner.next(), inner.type, inner.string(), inner.next()],
    [18, true, 1, 'wireguard', false],
  )
  assert.ok(cursor.next())
  assert.deepEqual([cursor.type, cursor.u8(), cursor.u16()], [11, 87, undefined])
  assert.deepEqual([cursor.next(), cursor.length, cursor.next(), cursor.broken], [true, 0, false, false])
})

test('MessageWriter refuses an attribute whose length has more than 16 bits', () => {
  const writer = new MessageWriter()
  const fill = (): void => void writer.attributeBytes(1, new Uint8Array(0x8000))
  assert.throws(() => writer.attributeBytes(1, new Uint8Array(0xfffc)), RangeError)
  assert.throws(
    () =>
      writer.nest(1, () => {
        fill()
        fill()
      }),
    RangeError,
  )
})

test('a length that does not fit ends the walk and is noticed', () => {
  const cursor = new AttributeCursor(new DataView(bytes('0800 0100 01000000 ff00 0200 00000000').buffer))
  assert.deepEqual([cursor.next(), cursor.next(), cursor.broken], [true, false, true])
  const tooShort = new AttributeCursor(new DataView(bytes('0300 0100 00000000').buffer))
  assert.deepEqual([tooShort.next(), tooShort.broken], [false, true])
  assert.equal(new AttributeCursor(new DataView(new ArrayBuffer(4)), 16).next(), false)
})

test('splitMessages() yields whole messages and stops at one that does not fit', () => {
  const whole = '14000000 0300 0200 01000000 00000000 00000000'
  assert.equal([...splitMessages(bytes(whole, whole))].length, 2)
  assert.equal([...splitMessages(bytes(whole, 'ff000000 0300 0200 01000000 00000000'))].length, 1)
  assert.equal([...splitMessages(bytes('0f000000 0300 0200 01000000 00000000'))].length, 0)
})

/** One NLMSG_ERROR: 36 bytes and what follows. */
const verdict = (flags: string, errno: string, rest: string) => {
  const body = bytes(errno, '20000000 1000 0506 01000000 00000000', rest)
  const head = new Uint8Array(16)
  const view = new DataView(head.buffer)
  view.setUint32(0, 16 + body.length, true)
  view.setUint16(4, 2, true)
  view.setUint16(6, Number.parseInt(flags, 16), true)
  const [only] = [...splitMessages(Buffer.concat([head, body]))]
  assert.ok(only)
  return decodeAcknowledgement(only)
}

test('decodeAcknowledgement() finds the kernel’s text and offset, whether or not the request is repeated', () => {
  const attributes = '0800 0100 6e6f2100 0800 0200 18000000' // "no!", offset 24
  const want = { errno: 17, text: 'no!', attributeOffset: 24, missingType: undefined }
  assert.deepEqual(verdict('0300', 'efffffff', attributes), want)
  assert.deepEqual(verdict('0200', 'efffffff', '00000000 00000000 00000000 00000000' + attributes), want)
})

test('decodeAcknowledgement() of a success has no request in it, whatever length its header says', () => {
  const want = { errno: 0, text: 'warn', attributeOffset: undefined, missingType: undefined }
  assert.deepEqual(verdict('0200', '00000000', '0900 0100 7761726e 00 000000'), want)
  assert.deepEqual(verdict('0000', '00000000', '')?.errno, 0)
})

test('attributePath() leads to the attribute the kernel objects to', () => {
  const request = message().bytes
  assert.deepEqual(attributePath(request, 8, 24), [3])
  assert.deepEqual(attributePath(request, 8, 32), [4])
  assert.deepEqual(attributePath(request, 8, 40), [18])
  assert.deepEqual(attributePath(request, 8, 44), [18, 1])
  assert.deepEqual(attributePath(request, 8, 60), [11])
  assert.equal(attributePath(request, 8, 26), undefined)
  assert.equal(attributePath(request, 8, 4000), undefined)
})
