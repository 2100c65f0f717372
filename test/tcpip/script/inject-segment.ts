/** `<` lines: a segment of the other end arrives, whole, in fragments or with a wrong checksum. */
import { fragmentsOf } from '../wire/icmp.ts'
import { ACK, encodeSegment, SYN } from '../wire/segment.ts'
import type { Action } from './parse-script.ts'
import type { ScriptWorld } from './script-world.ts'

const FRAGMENT_BYTES = 400

export function injectSegment(
  world: ScriptWorld,
  { segment: wanted, manner, endsTurn }: Extract<Action, { kind: 'inject' }>,
): void {
  const segment = world.peer.encode(wanted, world.nowMs)
  world.noteSegment('<', segment)
  const packet = encodeSegment(segment)
  if (manner.includes('badsum')) packet.writeUInt8((packet.at(-1) ?? 0) ^ 1, packet.length - 1)
  const pieces = manner.includes('fragments') ? fragmentsOf(packet, FRAGMENT_BYTES) : [packet]
  for (const piece of pieces) world.lastDrop = world.host.receive(piece)
  if (segment.flags & SYN && segment.flags & ACK)
    world.peer.timestamps &&= segment.options.timestamps !== undefined
  if (endsTurn) world.host.turn()
}
