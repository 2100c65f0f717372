/** What a client of a SOCKS port may send: handshakes in any pieces, and datagrams. */
import assert from 'node:assert/strict'
import { isIP } from 'node:net'
import {
  decodeSocksDatagram,
  encodeSocksDatagram,
  type SocksAddress,
} from '../../../src/proxy/socks/socks-address.ts'
import { SocksHandshake } from '../../../src/proxy/socks/socks-handshake.ts'
import type { FuzzTarget } from '../target.ts'

const GREETING = [5, 2, 0, 2]
const PASSWORD = [1, 1, 97, 1, 98]
const NAME = [3, 3, 119, 119, 119, 0, 80]
const IPV4 = [1, 10, 0, 0, 7, 0, 53]
const IPV6 = [4, 0xfd, ...Array.from({ length: 14 }, () => 0), 1, 0, 53]

const seeds = (...all: readonly (readonly number[])[]) => all.map((bytes) => Uint8Array.from(bytes))
const isKnown = (name: Uint8Array, password: Uint8Array): boolean => name[0] === 97 && password[0] === 98

export const socksTargets: readonly FuzzTarget[] = [
  {
    name: 'socks-handshake',
    kind: 'bytes',
    seeds: () =>
      seeds(
        [1, ...GREETING, 5, 1, 0, ...NAME, 1, 2, 3],
        [3, ...GREETING, 5, 3, 0, ...IPV4],
        [2, ...GREETING, ...PASSWORD, 5, 1, 0, ...IPV6],
        [4, ...GREETING, 1, 1, 97, 1, 99],
        [5, ...GREETING, 5, 2, 0, ...IPV4],
      ),
    run(input) {
      // The first byte says in what pieces, and whether a password is asked for.
      const [first = 0] = input
      const text = input.subarray(1)
      const options = first % 2 === 0 ? { authenticate: isKnown } : {}
      const [one, other] = [outcome(text, 1, options), outcome(text, (first >> 1) + 1, options)]
      assert.equal(one, other)
      return one
    },
  },
  {
    name: 'socks-datagram',
    kind: 'bytes',
    seeds: () =>
      seeds([0, 0, 0, ...NAME, 9], [0, 0, 0, ...IPV4, 8, 7], [0, 0, 0, ...IPV6], [0, 0, 1, ...IPV4]),
    run(input) {
      const datagram = decodeSocksDatagram(input)
      if (datagram === undefined) return 'dropped'
      const { target, data } = datagram
      assertTarget(target)
      assert.ok(data.length <= input.length - 8)
      if (target.isName) return 'to a name'
      const again = decodeSocksDatagram(
        encodeSocksDatagram(data, { address: target.host, port: target.port }),
      )
      assert.deepEqual(again?.target, target)
      return `to IPv${isIP(target.host)}`
    },
  },
]

function outcome(
  input: Uint8Array,
  pieceBytes: number,
  options: ConstructorParameters<typeof SocksHandshake>[0],
) {
  const handshake = new SocksHandshake(options)
  let at = 0
  for (let steps = 0; ; steps++) {
    assert.ok(steps < input.length + 10, 'it goes round for ever')
    const step = handshake.step()
    if (step.kind === 'refuse') return `refused as ${step.reason}`
    if (step.kind === 'request') {
      assertTarget(step.target)
      return `${step.command} to ${step.target.isName ? 'a name' : 'an address'}`
    }
    if (step.kind === 'send') continue
    if (at === input.length) return 'waits'
    const taken = handshake.take(input.subarray(at, at + pieceBytes))
    assert.ok(taken > 0, 'it waits for nothing')
    at += taken
  }
}

function assertTarget({ host, isName, port }: SocksAddress): void {
  assert.ok(port >= 0 && port <= 65_535)
  assert.equal(isIP(host) === 0, isName)
  assert.match(host, /^[a-z0-9._:-]+$/i)
}
