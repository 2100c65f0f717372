/** `icmp` lines: errors about what the stack sent, and those that it sends itself. */
import assert from 'node:assert/strict'
import { encodeIcmpError, type IcmpError } from '../wire/icmp.ts'
import { decodeIp, viewOf } from '../wire/segment.ts'
import type { ScriptWorld } from './script-world.ts'

/** `< icmp too-big mtu 1300 seq 1`: quotes the last segment of the connection, with that sequence number. */
export function injectIcmp(world: ScriptWorld, [kind = '', ...words]: readonly string[]): void {
  const option = (name: string): number | undefined => {
    const at = words.indexOf(name)
    return at < 0 ? undefined : Number(words[at + 1])
  }
  const { peer } = world
  const quoted = world.lastSent.get(peer.name)?.slice()
  assert.ok(quoted, 'something was sent that can be quoted')
  const transport = quoted[0]! >> 4 === 6 ? 40 : 20
  const sequence = option('seq')
  if (sequence !== undefined) viewOf(quoted).setUint32(transport + 4, (sequence + (peer.iss ?? 0)) >>> 0)
  const port = option('port')
  if (port !== undefined) viewOf(quoted).setUint16(transport, port)
  const mtuBytes = option('mtu')
  world.note(`< icmp ${kind} ${words.join(' ')}`)
  world.lastDrop = world.host.receive(
    encodeIcmpError(quoted, {
      ...{ kind: kind as IcmpError, router: peer.address.theirs, to: peer.address.ours },
      ...(mtuBytes === undefined ? {} : { mtuBytes }),
    }),
  )
  world.host.turn()
}

const NAMES: Readonly<Record<string, string>> = {
  '1/3/3': 'unreachable-port',
  '58/1/4': 'unreachable-port',
  '1/0/0': 'echo-reply',
  '58/129/0': 'echo-reply',
}

export function expectIcmp(packet: Uint8Array, [wanted = '']: readonly string[]): readonly string[] {
  const { protocol, payload } = decodeIp(packet)
  const have = NAMES[`${protocol}/${payload[0]}/${payload[1]}`] ?? `${protocol}/${payload[0]}/${payload[1]}`
  return have === wanted ? [] : [`${have}, not ${wanted}`]
}
