/**
 * What the userspace device reads beside WireGuard itself: frames of the TUN, packets that came through the tunnel
 * (whoever holds a key chooses their bytes), and requests on the UAPI socket.
 */
import assert from 'node:assert/strict'
import { Coalescer } from '../../../src/device/coalesce.ts'
import { allocatePacketMemory } from '../../../src/protocols/packet-memory/index.ts'
import { Segmenter } from '../../../src/device/segmentation.ts'
import { UapiSession } from '../../../src/device/uapi-session.ts'
import { buildPacket, vnetHeader, type PacketDescription } from '../../models/internet-packets.ts'
import type { FuzzTarget } from '../target.ts'

const memory = allocatePacketMemory(400_000)
const IN = 1024
const OUT = 200_000

const packet = (version: 4 | 6, protocol: 'tcp' | 'udp', length: number): PacketDescription => ({
  ...{ version, protocol, sourcePort: 40000, destinationPort: 443, trafficClass: 0, hopLimit: 64, id: 7 },
  source: new Uint8Array(version === 4 ? 4 : 16).fill(1),
  destination: new Uint8Array(version === 4 ? 4 : 16).fill(2),
  ...{ dontFragment: true, sequence: 1000, acknowledgment: 2000, flags: 0x18, window: 500 },
  options: new Uint8Array(12),
  payload: new Uint8Array(length).fill(3),
})

const kinds = ([4, 6] as const).flatMap((version) =>
  (['tcp', 'udp'] as const).map((protocol) => packet(version, protocol, 3000)),
)

export const deviceTargets: readonly FuzzTarget[] = [
  {
    name: 'tun-frame',
    kind: 'bytes',
    seeds: () =>
      kinds.flatMap((d) =>
        [0, 1000].map((size) => Buffer.concat([vnetHeader(d, { size }), buildPacket(d, { partial: true })])),
      ),
    run(input) {
      if (input.length < 10 || input.length > 65_545) return 'not a frame'
      memory.bytes.set(input, IN)
      const segmenter = new Segmenter(memory)
      if (!segmenter.begin(IN, input.length)) return 'refused'
      const { longest } = segmenter
      let packets = 0
      let bytes = 0
      for (let length = segmenter.next(OUT); length > 0; length = segmenter.next(OUT)) {
        assert.ok(length <= longest, 'a packet longer than said')
        packets++
        bytes += length
      }
      assert.ok(packets <= input.length && bytes >= 0, 'more packets than bytes')
      return packets === 1 ? 'one' : packets === 0 ? 'none' : 'many'
    },
  },
  {
    name: 'tunnel-packets',
    kind: 'bytes',
    seeds: () =>
      kinds.map((d) => {
        const one = buildPacket({ ...d, payload: d.payload.subarray(0, 100) })
        const next = buildPacket({ ...d, sequence: 1100, payload: d.payload.subarray(0, 60) })
        return Buffer.concat([one, next])
      }),
    run(input) {
      let written = 0
      let frames = 0
      let parts = 0
      const coalescer = new Coalescer({
        memory,
        mergeUdp: true,
        onFrame: ({ starts, lengths, count }) => {
          frames++
          parts += count
          for (let index = 0; index < count; index++) {
            assert.ok((starts[index] ?? 0) >= 0 && (starts[index] ?? 0) + (lengths[index] ?? 0) <= OUT)
            written += lengths[index] ?? 0
          }
        },
      })
      const half = input.length >> 1
      const halves = [input.subarray(0, half), input.subarray(half)]
      let at = 64
      for (const bytes of halves.filter(({ length }) => length > 0 && length < 60_000)) {
        memory.bytes.set(bytes, at)
        coalescer.add(at, bytes.length)
        at += bytes.length + 64
      }
      coalescer.flush()
      assert.ok(written <= input.length + 20, 'more was written than came')
      return `${frames} of ${parts}`
    },
  },
  {
    name: 'uapi-session',
    kind: 'text',
    seeds: () => [Buffer.from('get=1\n\nset=1\nlisten_port=7\n\n'), Buffer.from('set=1\npublic_key=00\n\n')],
    dictionary: ['get=1', 'set=1', '\n\n', 'public_key=', 'allowed_ip=10.0.0.0/8', 'remove=true'],
    run(input) {
      const text = Buffer.from(input).toString('latin1')
      const session = new UapiSession({ get: () => 'errno=0\n\n', set: () => undefined })
      const whole = session.receive(text).answer
      const pieces = new UapiSession({ get: () => 'errno=0\n\n', set: () => undefined })
      const half = text.length >> 1
      const cut = pieces.receive(text.slice(0, half)).answer + pieces.receive(text.slice(half)).answer
      assert.equal(cut, whole, 'the answer depends on how the bytes come')
      return String(whole.match(/errno=/g)?.length ?? 0)
    },
  },
]
