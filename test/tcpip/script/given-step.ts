/**
 * `given …` lines: a connection is there, and what was negotiated.
 *
 *   given connected mss 1000 wscale 7 sackOK ts win 1000 rtt 40ms     we called
 *   given accepted  …                                                the other end called
 */
import assert from 'node:assert/strict'
import { StackHost } from '../stack-host.ts'
import { ACK, decodeSegment, encodeSegment, RST, SYN } from '../wire/segment.ts'
import { parseDuration } from './parse-script.ts'
import { connect, listen } from './open-connection.ts'
import type { ScriptWorld } from './script-world.ts'
import { parseSegment, type OptionsPattern } from './segment-pattern.ts'

interface Offer {
  readonly options: OptionsPattern
  readonly rttMs: number
  readonly window: number
  readonly ts: boolean
}

export function givenStep(world: ScriptWorld, [role = '', ...words]: readonly string[]): void {
  const offer = parseOffer(words)
  if (role === 'connected') connected(world, offer)
  else if (role === 'accepted') accepted(world, offer)
  else throw new Error(`given connected, or given accepted: ${role}`)
  world.peer.window = offer.window
}

function parseOffer(words: readonly string[]): Offer {
  const value = (name: string): number | undefined =>
    words.includes(name) ? Number(words[words.indexOf(name) + 1]) : undefined
  const rtt = words.includes('rtt') ? parseDuration(words[words.indexOf('rtt') + 1] ?? '') : 0
  const scale = value('wscale')
  const ts = words.includes('ts')
  return {
    options: {
      mss: value('mss') ?? 1460,
      ...(scale === undefined ? {} : { windowScale: scale }),
      ...(words.includes('sackOK') ? { sackPermitted: true } : {}),
      ...(ts ? { timestamps: { value: '*', echo: '*' } } : {}),
      open: false,
    },
    ...{ rttMs: rtt, window: value('win') ?? 65_535, ts },
  }
}

function connected(world: ScriptWorld, { options, rttMs, window, ts }: Offer): void {
  connect(world)
  world.host.turn()
  takeSegment(world, SYN)
  world.pass(rttMs)
  inject(world, { ...parseSegment('S. 0:0(0) ack 1'), options, window })
  const { flags, acknowledgment } = takeSegment(world, ACK)
  assert.equal(flags & (SYN | RST), 0, 'the handshake ends with an ACK')
  assert.equal((acknowledgment - world.peer.irs) | 0, 1)
  world.peer.timestamps = ts
}

function accepted(world: ScriptWorld, { options, rttMs, window, ts }: Offer): void {
  if (world.listener === undefined) listen(world)
  inject(world, { ...parseSegment('S 0:0(0)'), options, window })
  takeSegment(world, SYN | ACK)
  world.pass(rttMs)
  world.peer.timestamps = ts
  inject(world, { ...parseSegment('. 1:1(0) ack 1'), window })
  assert.ok(world.peer.stream, 'the connection was handed over')
}

function inject(world: ScriptWorld, wanted: ReturnType<typeof parseSegment>): void {
  const segment = world.peer.encode(wanted, world.nowMs)
  world.noteSegment('<', segment)
  world.lastDrop = world.host.receive(encodeSegment(segment))
  world.host.turn()
}

function takeSegment(world: ScriptWorld, flags: number) {
  const segment = decodeSegment(world.unseen.shift()?.bytes ?? new Uint8Array(0))
  assert.ok(segment, 'a segment was sent')
  assert.equal(segment.flags & flags, flags, 'its flags')
  return segment
}

/**
 * Starts the clock so that our first sequence number lies that many bytes before 2^32. RFC 6528 §3: it is a clock of
 * 4 µs plus a secret function of the connection, so one attempt at another time tells what that function says.
 */
export function winOverWrap(world: ScriptWorld, bytes: number): void {
  const { ours, theirs, localPort, remotePort } = world.peer.address
  let first: number | undefined
  const startMs = 1_000
  const host = new StackHost({
    ...{ seed: world.seed, nowMs: startMs },
    onPacket: (packet) => (first ??= decodeSegment(packet)?.sequence),
  })
  host.stack.connect({ address: theirs, port: remotePort }, { localAddress: ours, localPort })
  host.turn()
  assert.ok(first !== undefined, 'a SYN was sent')
  world.startMs = startMs + Math.floor(((2 ** 32 - bytes - first) >>> 0) / 250)
}
