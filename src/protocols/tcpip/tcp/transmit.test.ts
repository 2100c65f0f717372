/** What a peer that wants tiny segments can make us keep records of, and look through for every acknowledgment. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { decodeSegment, encodeSegment, type Segment, ACK, SYN } from '../../../../test/tcpip/wire/segment.ts'
import { StackHost } from '../../../../test/tcpip/stack-host.ts'
import type { TcpStream } from '../stack-api.ts'
import { MAX_SEGMENTS_IN_FLIGHT } from './transmit.ts'

const CHUNK = new Uint8Array(64 * 1024)
const HANDSHAKE = { mss: 48, windowScale: 14, sackPermitted: true } as const

test('segments in flight are bounded in number, however small the other end wants them, and all of them go in the end', () => {
  let [next, bytes] = [0, 0]
  const host = new StackHost({
    onPacket: (packet) => {
      const { sequence, flags, payload } = decodeSegment(packet)!
      next = (sequence + payload.length + ((flags & SYN) !== 0 ? 1 : 0)) >>> 0
      bytes += payload.length
    },
  })
  const accepted: TcpStream[] = []
  host.stack.listen({ port: 80, onConnection: (stream) => accepted.push(stream) })
  const say = (more: Partial<Segment>): void => {
    host.receive(
      encodeSegment({
        ...{ source: '10.0.0.2', destination: '10.0.0.1', sourcePort: 5000, destinationPort: 80, urgent: 0 },
        ...{ sequence: 1001, acknowledgment: next, flags: ACK, window: 65_535, options: {} },
        ...{ payload: new Uint8Array(0), ...more },
      }),
    )
    host.turn()
  }
  say({ sequence: 1000, acknowledgment: 0, flags: SYN, options: HANDSHAKE })
  say({})
  const [stream] = accepted
  let [written, most] = [0, 0]
  for (let round = 0; round < 40; round++) {
    for (let taken = stream!.write(CHUNK); taken > 0; taken = stream!.write(CHUNK)) written += taken
    host.run(20)
    const before = bytes
    say({})
    most = Math.max(most, bytes - before)
  }
  assert.equal(most, MAX_SEGMENTS_IN_FLIGHT * 48)
  for (let round = 0; round < 40; round++) {
    host.run(20)
    say({})
  }
  assert.equal(bytes, written)
})
