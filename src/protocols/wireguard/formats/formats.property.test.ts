/**
 * Round trips: what is formatted is parsed to the same value, and what people do to a file (case, blanks,
 * comments, repeated keys in place of commas) changes nothing. Text from a stranger never throws.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'

import * as formats from './index.ts'
import { EMPTY_INTERFACE, type UapiChange, type UapiDevice, type WgConfig } from './index.ts'

/** Records with a prototype, as the parsers make them. */
const PLAIN = { noNullPrototype: true } as const
const bytes = (length: number) => fc.uint8Array({ minLength: length, maxLength: length })
const key = bytes(32).map((value) => formats.encodeKey(value))
const address = fc.oneof(bytes(4), bytes(16), sparse(16)).map((value) => formats.formatAddress(value))
const prefix = fc.tuple(address, fc.nat(128)).map(([text, length]) => {
  return formats.canonicalPrefix(`${text}/${text.includes(':') ? length : length % 33}`) ?? ''
})
const port = fc.integer({ min: 1, max: 65535 })
const name = fc.stringMatching(/^[a-z][a-z0-9-]{0,8}[a-z0-9]\.example$/)
const host = fc.oneof(address, name)
const command = fc.stringMatching(/^[a-z][a-z0-9 =;%$-]{0,20}[a-z]$/)
const comments = fc.array(fc.stringMatching(/^[a-z][a-zA-Z0-9 =[\].-]{0,20}[a-z]$/), { maxLength: 2 })
const few = <T>(of: fc.Arbitrary<T>) => fc.array(of, { maxLength: 3 })

const wgConfig = fc.record(
  {
    interface: fc
      .record(
        {
          comments,
          privateKey: key,
          listenPort: fc.nat(65535),
          fwmark: fc.nat(0xffffffff),
          addresses: few(prefix),
          dns: few(address),
          searchDomains: few(name),
          mtuBytes: fc.integer({ min: 576, max: 9000 }),
          table: fc.constantFrom('auto', 'off', '42', 'vpn'),
          preUp: few(command),
          postUp: few(command),
          preDown: few(command),
          postDown: few(command),
          saveConfig: fc.boolean(),
        },
        { noNullPrototype: true, requiredKeys: [] },
      )
      .map((section) => ({ ...EMPTY_INTERFACE, ...section })),
    peers: few(
      fc.record(
        {
          comments,
          publicKey: key,
          presharedKey: key,
          endpoint: fc.record({ host, port }, { noNullPrototype: true }),
          allowedIPs: few(prefix),
          persistentKeepaliveSeconds: fc.nat(65535),
        },
        { noNullPrototype: true, requiredKeys: ['comments', 'publicKey', 'allowedIPs'] },
      ),
    ),
  },
  PLAIN,
) as fc.Arbitrary<WgConfig>

const numericEndpoint = fc.record({ host: address, port }).map((value) => formats.formatEndpoint(value))

const uapiChange = fc.record(
  {
    privateKey: key,
    listenPort: fc.nat(65535),
    fwmark: fc.nat(0xffffffff),
    replacePeers: fc.constant(true),
    peers: few(
      fc.record(
        {
          publicKey: key,
          remove: fc.constant(true),
          updateOnly: fc.constant(true),
          presharedKey: key,
          endpoint: numericEndpoint,
          persistentKeepaliveSeconds: fc.nat(65535),
          replaceAllowedIPs: fc.constant(true),
          allowedIPs: few(prefix),
          removedAllowedIPs: fc.array(prefix, { minLength: 1, maxLength: 2 }),
        },
        { noNullPrototype: true, requiredKeys: ['publicKey', 'allowedIPs'] },
      ),
    ),
  },
  { noNullPrototype: true, requiredKeys: ['peers'] },
) as fc.Arbitrary<UapiChange>

const uapiDevice = fc.record(
  {
    privateKey: fc.option(key, { nil: undefined }),
    listenPort: fc.nat(65535),
    fwmark: fc.nat(0xffffffff),
    peers: few(
      fc.record(
        {
          publicKey: key,
          presharedKey: fc.option(key, { nil: undefined }),
          endpoint: fc.option(numericEndpoint, { nil: undefined }),
          allowedIPs: few(prefix),
          persistentKeepaliveSeconds: fc.nat(65535),
          lastHandshakeSeconds: fc.nat(),
          lastHandshakeNanoseconds: fc.nat(999_999_999),
          rxBytes: fc.maxSafeNat(),
          txBytes: fc.maxSafeNat(),
          protocolVersion: fc.constant(1),
        },
        PLAIN,
      ),
    ),
  },
  PLAIN,
) as fc.Arbitrary<UapiDevice>

test('an address, a key and an endpoint have one spelling that reads back', () => {
  fc.assert(
    fc.property(fc.oneof(bytes(4), bytes(16), sparse(16)), bytes(32), port, (raw, secret, number) => {
      const text = formats.formatAddress(raw)
      assert.deepEqual(formats.parseAddress(text), raw)
      assert.deepEqual(formats.decodeKey(formats.encodeKey(secret)), secret)
      assert.equal(formats.encodeKey(secret), Buffer.from(secret).toString('base64'))
      assert.equal(formats.keyToHex(formats.encodeKey(secret)), Buffer.from(secret).toString('hex'))
      const endpoint = { host: text, port: number }
      assert.deepEqual(formats.parseEndpoint(formats.formatEndpoint(endpoint)), endpoint)
    }),
  )
})

test('GL-01: parse after format is the identity for wg-quick files', () => {
  fc.assert(
    fc.property(wgConfig, (config) => {
      assert.deepEqual(formats.parseWgConfig(formats.formatWgConfig(config)), { config, problems: [] })
    }),
  )
})

test('GL-01: a file as people write it means the same as the one we write', () => {
  fc.assert(
    fc.property(wgConfig, fc.infiniteStream(fc.nat(5)), (config, choices) => {
      const strict = formats.formatWgConfig(config)
      const messy = strict
        .split('\n')
        .map((line) => untidy(line, choices.next().value))
        .join('\n')
      assert.deepEqual(formats.parseWgConfig(messy), { config, problems: [] })
    }),
  )
})

test('GL-02: parse after format is the identity for requests and answers', () => {
  fc.assert(
    fc.property(uapiChange, uapiDevice, (change, device) => {
      assert.deepEqual(formats.parseUapiRequest(formats.formatUapiSet(change)), {
        kind: 'ok',
        value: { kind: 'set', change },
      })
      assert.deepEqual(formats.parseUapiGet(formats.formatUapiGet(device)), { kind: 'ok', value: device })
    }),
  )
})

test('text from a stranger gives a value or a refusal, never an exception', () => {
  const word = fc.constantFrom(
    '[Peer]',
    '[Interface]',
    'PublicKey',
    '=',
    '\n',
    '#',
    ',',
    'set=1',
    'public_key=',
    '::',
    '/',
  )
  const text = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.array(fc.oneof(word, fc.string())).map((words) => words.join('')),
  )
  fc.assert(
    fc.property(text, (given) => {
      formats.parseWgConfig(given)
      formats.parseUapiRequest(given)
      formats.parseUapiGet(given)
      formats.parseEndpoint(given)
      formats.canonicalPrefix(given)
    }),
    { numRuns: 500 },
  )
})

/** Many zero groups, for the shortening of RFC 5952. */
function sparse(length: number): fc.Arbitrary<Uint8Array> {
  return fc
    .array(fc.oneof({ weight: 3, arbitrary: fc.constant(0) }, fc.nat(255)), {
      minLength: length,
      maxLength: length,
    })
    .map((values) => Uint8Array.from(values))
}

/** One thing a person or another program does to a line without changing what it means. */
function untidy(line: string, choice: number): string {
  const equals = line.indexOf(' = ')
  if (line.startsWith('#') || equals < 0)
    return choice === 0 ? `${line.replace(/^\[.*\]$/, (header) => header.toUpperCase())}\r` : line
  const [given, value] = [line.slice(0, equals), line.slice(equals + 3)]
  const isList = /^(?:Address|AllowedIPs)$/.test(given)
  switch (choice) {
    case 0:
      return `${given.toLowerCase()}=${value}`
    case 1:
      return `\t${given.toUpperCase()}  =   ${value}  `
    case 2:
      return `${line} # a remark`
    case 3:
      return isList ? `${given}=${value.replaceAll(', ', ',')}` : `${line}\r`
    case 4:
      return isList
        ? value
            .split(', ')
            .map((part) => `${given} = ${part}`)
            .join('\n')
        : line
    default:
      return line
  }
}
