/** SOCKS5 handshakes, byte by byte, and what hostile ones get. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { SocksHandshake, type SocksHandshakeOptions, socksReply } from './socks-handshake.ts'
import {
  decodeSocksAddress,
  decodeSocksDatagram,
  encodeSocksAddress,
  encodeSocksDatagram,
} from './socks-address.ts'
import { authenticator } from './users.ts'

const bytes = (...parts: readonly (number | string)[]): Uint8Array =>
  Uint8Array.from(
    parts.flatMap((part) => (typeof part === 'string' ? [...new TextEncoder().encode(part)] : [part])),
  )

const hex = (value: Uint8Array): string => Buffer.from(value).toString('hex')

/** What it did, and how many bytes it took, with the input in pieces of that size. */
function run(input: Uint8Array, pieceBytes: number, options: SocksHandshakeOptions = {}) {
  const handshake = new SocksHandshake(options)
  const told: string[] = []
  let at = 0
  for (;;) {
    const step = handshake.step()
    if (step.kind === 'send') told.push(hex(step.bytes))
    else if (step.kind === 'refuse')
      return { told: [...told, `${hex(step.bytes)} ${step.reason}`], taken: at }
    else if (step.kind === 'request') {
      const { host, isName, port } = step.target
      return { told: [...told, `${step.command} ${isName ? 'name ' : ''}${host} ${port}`], taken: at }
    } else if (at < input.length) at += handshake.take(input.subarray(at, at + pieceBytes))
    else return { told: [...told, 'wait'], taken: at }
  }
}

const authenticate = authenticator([{ name: 'ann', password: 'secret' }])
const LONG = 'x'.repeat(255)
const ROWS: readonly {
  readonly name: string
  readonly given: Uint8Array
  readonly options?: SocksHandshakeOptions
  readonly want: readonly string[]
}[] = [
  {
    name: 'CONNECT to an IPv4 address',
    given: bytes(5, 1, 0, 5, 1, 0, 1, 10, 0, 0, 7, 0x1f, 0x90),
    want: ['0500', 'connect 10.0.0.7 8080'],
  },
  {
    name: 'CONNECT to an IPv6 address',
    given: bytes(5, 2, 2, 0, 5, 1, 0, 4, 0xfd, ...Array.from({ length: 14 }, () => 0), 1, 0, 80),
    want: ['0500', 'connect fd00::1 80'],
  },
  {
    name: 'CONNECT to a name',
    given: bytes(5, 1, 0, 5, 1, 0, 3, 15, 'ollama.internal', 0, 80),
    want: ['0500', 'connect name ollama.internal 80'],
  },
  {
    name: 'CONNECT to an address that is written as a name',
    given: bytes(5, 1, 0, 5, 1, 0, 3, 7, 'fd00::7', 0, 80),
    want: ['0500', 'connect fd00::7 80'],
  },
  {
    name: 'UDP ASSOCIATE',
    given: bytes(5, 1, 0, 5, 3, 0, 1, 0, 0, 0, 0, 0, 0),
    want: ['0500', 'udp-associate 0.0.0.0 0'],
  },
  {
    name: 'a name and its password',
    given: bytes(5, 2, 0, 2, 1, 3, 'ann', 6, 'secret', 5, 1, 0, 1, 10, 0, 0, 7, 0, 80),
    options: { authenticate },
    want: ['0502', '0100', 'connect 10.0.0.7 80'],
  },
  {
    name: 'a wrong password',
    given: bytes(5, 1, 2, 1, 3, 'ann', 6, 'sekret'),
    options: { authenticate },
    want: ['0502', '0101 authentication'],
  },
  {
    name: 'the longest name and password',
    given: bytes(5, 1, 2, 1, 255, LONG, 255, LONG),
    options: { authenticate },
    want: ['0502', '0101 authentication'],
  },
  {
    name: 'an empty name and password',
    given: bytes(5, 1, 2, 1, 0, 0),
    options: { authenticate },
    want: ['0502', '0101 authentication'],
  },
  {
    name: 'a password in another version',
    given: bytes(5, 1, 2, 5),
    options: { authenticate },
    want: ['0502', ' malformed'],
  },
  {
    name: 'a client that does not want to say who it is',
    given: bytes(5, 1, 0),
    options: { authenticate },
    want: ['05ff authentication'],
  },
  { name: 'a client with other methods', given: bytes(5, 2, 1, 2), want: ['05ff authentication'] },
  { name: 'a client without a method', given: bytes(5, 0), want: ['05ff authentication'] },
  { name: 'SOCKS4', given: bytes(4), want: [' malformed'] },
  { name: 'HTTP', given: bytes('GET / HTTP/1.1'), want: [' malformed'] },
  {
    name: 'BIND',
    given: bytes(5, 1, 0, 5, 2, 0, 1, 10, 0, 0, 7, 0, 80),
    want: ['0500', '05070001000000000000 unsupported'],
  },
  {
    name: 'an unknown command',
    given: bytes(5, 1, 0, 5, 9, 0, 1, 10, 0, 0, 7, 0, 80),
    want: ['0500', '05070001000000000000 unsupported'],
  },
  {
    name: 'an unknown type of address',
    given: bytes(5, 1, 0, 5, 1, 0, 2, 10),
    want: ['0500', '05080001000000000000 unsupported'],
  },
  {
    name: 'a request in another version',
    given: bytes(5, 1, 0, 4),
    want: ['0500', ' malformed'],
  },
  {
    name: 'a name with a zero byte',
    given: bytes(5, 1, 0, 5, 1, 0, 3, 3, 'a', 0, 'b', 0, 80),
    want: ['0500', '05010001000000000000 malformed'],
  },
  {
    name: 'an empty name',
    given: bytes(5, 1, 0, 5, 1, 0, 3, 0, 0, 80),
    want: ['0500', '05010001000000000000 malformed'],
  },
  {
    name: 'port 0',
    given: bytes(5, 1, 0, 5, 1, 0, 1, 10, 0, 0, 7, 0, 0),
    want: ['0500', '05010001000000000000 malformed'],
  },
  { name: 'half a greeting', given: bytes(5, 3, 0), want: ['wait'] },
]

for (const { name, given, options, want } of ROWS) {
  test(`SocksHandshake: ${name}, in one piece and byte by byte`, () => {
    assert.deepEqual(run(given, given.length, options).told, want)
    assert.deepEqual(run(given, 1, options).told, want)
  })
}

test('SocksHandshake takes nothing of what follows the request', () => {
  const request = bytes(5, 1, 0, 5, 1, 0, 3, 1, 'a', 0, 80)
  const { taken } = run(bytes(...request, 'data that follows'), 1000)
  assert.equal(taken, request.length)
})

test('SocksHandshake does not throw, and says the same whatever the pieces', () => {
  fc.assert(
    fc.property(
      fc.oneof(
        fc.uint8Array({ maxLength: 600 }),
        fc.uint8Array({ maxLength: 300 }).map((rest) => bytes(5, 1, 0, 5, 1, 0, ...rest)),
      ),
      fc.integer({ min: 1, max: 40 }),
      (input, pieceBytes) => {
        for (const options of [{}, { authenticate }]) {
          const [once, slowly] = [run(input, pieceBytes, options), run(input, 1, options)]
          assert.deepEqual(once.told, slowly.told)
          // What follows a refusal is of no interest; what follows a request is.
          if (!once.told.at(-1)?.includes(' ')) assert.equal(once.taken, slowly.taken)
        }
      },
    ),
  )
})

test('SOCKS addresses and datagrams come back as they were, and rubbish does not', () => {
  for (const address of ['192.0.2.7', 'fd00::7']) {
    const data = bytes('hello')
    const datagram = encodeSocksDatagram(data, { address, port: 53 })
    const decoded = decodeSocksDatagram(datagram)
    assert.deepEqual(decoded?.target, { host: address, isName: false, port: 53 })
    assert.deepEqual([...(decoded?.data ?? [])], [...data])
    for (let length = 0; length < datagram.length - data.length; length++)
      assert.equal(decodeSocksDatagram(datagram.subarray(0, length)), undefined)
  }
  const fragment = bytes(0, 0, 1, 1, 10, 0, 0, 7, 0, 53, 'x')
  assert.equal(decodeSocksDatagram(fragment), undefined)
  assert.equal(decodeSocksAddress(bytes(3, 4, 'a b!', 0, 80), 0), undefined)
  assert.equal(hex(encodeSocksAddress({ address: '', port: 0x102 })), '01000000000102')
  assert.equal(hex(socksReply(5)), '05050001000000000000')
})
