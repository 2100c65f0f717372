/** Conversations with wireguard-go and with Linux, repeated byte for byte: each file of captures/ names its source. */
import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { test } from 'node:test'
import { OURS, replay, THEIRS } from './capture.ts'
import type { Capture, CaptureEvent } from './capture.ts'

const folder = new URL('captures/', import.meta.url)
const captures = readdirSync(folder).map(
  (name) => JSON.parse(readFileSync(new URL(name, folder), 'utf8')) as Capture,
)
const named = (name: string): Capture => captures.find((capture) => capture.name === name)!
const types = (events: readonly CaptureEvent[]): string =>
  events
    .map(
      ({ does, bytes, sent }) =>
        `${does === 'receive' ? `<${Number.parseInt(bytes.slice(0, 2), 16)}` : ''}${sent.map((datagram) => `>${Number.parseInt(datagram.slice(0, 2), 16)}`).join('')}`,
    )
    .join(' ')

for (const capture of captures) {
  test(`the conversation "${capture.name}" repeats byte for byte (${capture.source})`, () => {
    assert.deepEqual(replay(capture), capture.events)
  })
}

for (const other of ['wireguard-go', 'kernel']) {
  test(`${other} answers our initiation, and packets go both ways`, () => {
    const events = replay(named(`${other}-responds`))
    assert.equal(types(events), '>1 <2>4 <4 >4 <4 >4 <4')
    for (const { packet } of events) if (packet) assert.ok(packet.includes(hexOf(THEIRS) + hexOf(OURS)))
  })

  test(`our answer to an initiation of ${other} is taken, and packets go both ways`, () => {
    const events = replay(named(`${other}-initiates`))
    assert.equal(types(events), '<1>2 <4 <4 >4 <4')
    assert.equal(events.filter(({ packet }) => packet !== undefined).length, 3)
  })

  test(`${other} under load sends a cookie that we open, and answers our next initiation with its MAC2`, () => {
    const events = replay(named(`${other}-under-load`))
    assert.equal(types(events), '>1 <3 >1 <2>4 <4')
    const [first, , second] = events
    assert.equal(first!.sent[0]!.slice(-32), '00'.repeat(16))
    assert.notEqual(second!.sent[0]!.slice(-32), '00'.repeat(16))
  })

  test(`${other} opens the cookie that we send under load, and its next initiation has our MAC2`, () => {
    const events = replay(named(`${other}-asked`))
    assert.equal(types(events), '<1>3 <1>2 <4')
    assert.equal(events[0]!.dropped, 'cookie-required')
  })
}

test('a changed byte in what the other sent is noticed', () => {
  const capture = named('kernel-responds')
  for (const [index, event] of capture.events.entries()) {
    if (event.does !== 'receive') continue
    const bytes = Buffer.from(event.bytes, 'hex')
    bytes[bytes.length - 40]! ^= 4
    const events = capture.events.with(index, { ...event, bytes: bytes.toString('hex') })
    assert.ok(replay({ ...capture, events })[index]!.dropped !== undefined, `event ${index}`)
  }
})

function hexOf(address: string): string {
  return Buffer.from(address.split('.').map(Number)).toString('hex')
}
