/** Frames and messages of gRPC: round trips, cuts anywhere, and bytes that are none of it. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { readTaskEvent } from './containerd-runtime.ts'
import { readCriInfo } from './cri-info.ts'
import { frameMessage, MessageReader } from './grpc-frames.ts'
import { readFields, writeFields } from './wire.ts'

const bytes = fc.uint8Array({ maxLength: 300 })

test('MessageReader puts messages together however they are cut', () => {
  fc.assert(
    fc.property(fc.array(bytes, { maxLength: 4 }), fc.integer({ min: 1, max: 40 }), (messages, size) => {
      const all = Buffer.concat(messages.map(frameMessage))
      const reader = new MessageReader(1 << 20)
      const read: Uint8Array[] = []
      for (let at = 0; at < all.length; at += size)
        read.push(...(reader.push(all.subarray(at, at + size)) ?? []))
      assert.deepEqual(read.map(hex), messages.map(hex))
    }),
  )
})

test('MessageReader refuses what is too long, compressed or no gRPC, and holds no more than was sent', () => {
  assert.equal(new MessageReader(9).push(frameMessage(new Uint8Array(10))), undefined)
  assert.equal(new MessageReader(1 << 20).push(Uint8Array.of(0, 0xff, 0xff, 0xff, 0xff)), undefined)
  assert.equal(new MessageReader(1 << 20).push(Uint8Array.of(1, 0, 0, 0, 0)), undefined)
  assert.equal(new MessageReader(1 << 20).push(Buffer.from('HTTP/1.1 400 Bad Request')), undefined)
})

test('readFields() gives back what writeFields() wrote', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), fc.nat(), bytes, (text, number, raw) => {
      const fields = readFields(
        writeFields([
          [1, text],
          [2, number],
          [3, raw],
          [15, true],
        ]),
      )
      assert.equal(fields?.text(1), text)
      assert.equal(fields?.uint(2), number)
      assert.equal(hex(fields?.bytes(3) ?? new Uint8Array(1)), hex(raw))
      assert.equal(fields?.uint(15), 1)
      assert.equal(fields?.text(4), '')
    }),
  )
})

test('any bytes are fields or undefined, at every depth', () => {
  fc.assert(
    fc.property(bytes, (raw) => {
      const fields = readFields(raw)
      for (let number = 1; number < 16; number++) {
        fields?.text(number)
        fields?.uint(number)
        fields?.message(number)?.text(1)
        fields?.entry(number, 'info')
      }
      readTaskEvent(raw)
    }),
  )
})

test('a message cut short is undefined and never half an answer', () => {
  const whole = writeFields([[1, 'a name that takes some room']])
  for (let length = 1; length < whole.length; length++)
    assert.equal(readFields(whole.subarray(0, length)), undefined)
})

test('the end of a command in a container is not the end of the container', () => {
  const exit = (id: string): Uint8Array =>
    writeFields([
      [3, '/tasks/exit'],
      [
        4,
        writeFields([
          [
            2,
            writeFields([
              [1, 'web'],
              [2, id],
            ]),
          ],
        ]),
      ],
    ])
  assert.equal(readTaskEvent(exit('look')), undefined)
  assert.deepEqual(readTaskEvent(exit('web')), { ids: ['web'], names: [] })
})

test('CRI’s info is any text: a pid, else a namespace’s path, else unknown', () => {
  const read = (info: string | undefined): unknown => readCriInfo({ info, containerId: 'c', what: 'it' })
  const spec = { linux: { namespaces: [{ type: 'pid' }, { type: 'network', path: '/run/netns/cni-1' }] } }
  assert.deepEqual(read('{"pid": 7}'), { kind: 'process', pid: 7, containerId: 'c' })
  const pinned = { kind: 'pinned', path: '/run/netns/cni-1', containerId: 'c' }
  assert.deepEqual(read(JSON.stringify({ pid: 0, runtimeSpec: spec })), pinned)
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.json()), (text) => {
      assert.ok(
        ['process', 'pinned', 'unknown'].includes(
          readCriInfo({ info: text, containerId: 'c', what: 'it' }).kind,
        ),
      )
    }),
  )
  assert.equal(readCriInfo({ info: undefined, containerId: 'c', what: 'it' }).kind, 'unknown')
})

function hex(raw: Uint8Array): string {
  return Buffer.from(raw).toString('hex')
}
