/** Whatever comes is dropped with a reason or taken: nothing throws, nothing grows beyond its bound, all of it ends. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { StackUnderTest } from '../../../test/harness/stack-under-test.ts'
import { fragmentPacket, icmpMessage, ipPacket, udpDatagram } from '../../../test/models/ip-packets.ts'

const V4 = { source: '10.0.0.9', destination: '10.0.0.1' }
const V6 = { source: 'fd00::9', destination: 'fd00::1' }
const data = Buffer.alloc(64, 5)

const honest = [V4, V6].flatMap((ends) => {
  const [icmp, echo] = ends === V4 ? [1, 8] : [58, 128]
  const udp = ipPacket({ ...ends, protocol: 17, payload: udpDatagram(ends, { from: 7, to: 5_000, data }) })
  const back = { source: ends.destination, destination: ends.source }
  const ours = ipPacket({ ...back, protocol: 17, payload: udpDatagram(back, { from: 5_000, to: 7, data }) })
  const rest = Buffer.concat([Buffer.alloc(4, 1), ours])
  const [type, code] = ends === V4 ? [3, 4] : [2, 0]
  return [
    udp,
    ipPacket({ ...ends, protocol: icmp, payload: icmpMessage(ends, { type: echo, code: 0, rest: data }) }),
    ipPacket({ ...ends, protocol: icmp, payload: icmpMessage(ends, { type, code, rest }) }),
    fragmentPacket({ ...ends, protocol: 17, identification: 1, offset: 0, more: true, payload: data }),
    fragmentPacket({ ...ends, protocol: 17, identification: 1, offset: 64, more: false, payload: data }),
    ...(ends === V6
      ? [
          ipPacket({
            ...ends,
            protocol: 0,
            payload: Buffer.concat([
              Buffer.from([60, 0, 1, 4, 0, 0, 0, 0, 17, 0, 1, 4, 0, 0, 0, 0]),
              udp.subarray(40),
            ]),
          }),
        ]
      : [ipPacket({ ...ends, protocol: 17, options: Buffer.from([7, 3, 4, 0]), payload: udp.subarray(20) })]),
  ]
})

const bent = fc
  .record({
    packet: fc.constantFrom(...honest),
    changes: fc.array(fc.tuple(fc.nat(150), fc.nat(255)), { maxLength: 4 }),
    cut: fc.option(fc.nat(150)),
  })
  .map(({ packet, changes, cut }) => {
    const copy = Buffer.from(packet)
    for (const [at, byte] of changes) if (at < copy.length) copy[at] = byte
    return copy.subarray(0, cut ?? copy.length)
  })
const noise = fc.uint8Array({ maxLength: 200 })

for (const checkChecksums of [true, false]) {
  test(`bent packets and noise, checksums ${checkChecksums ? 'checked' : 'not checked'}`, () => {
    fc.assert(
      fc.property(fc.array(fc.oneof({ weight: 4, arbitrary: bent }, noise), { maxLength: 30 }), (packets) => {
        const host = new StackUnderTest({ checkChecksums, limits: { reassemblies: 4, answersPerSecond: 50 } })
        host.stack.openUdp({ localPort: 5_000, onDatagram: () => {}, onError: () => {} })
        for (const packet of packets) host.receive(packet)
        for (const packet of host.sent()) assert.ok(packet.length <= 1_420)
        host.stack.notify()
        host.pass(61_000)
        host.sent()
        assert.equal(host.stack.nextDeadline(), undefined)
      }),
      { numRuns: 400 },
    )
  })
}
