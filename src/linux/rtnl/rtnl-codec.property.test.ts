/**
 * What the kernel shows comes back from its bytes unchanged (the fake's encoders are the inverse of the decoders),
 * what we ask for is what the fake understands, and random bytes make no decoder throw.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { encodeAddress, encodeLink, encodeRoute, encodeRule } from '../fake/encode.ts'
import { formatAddress, formatPrefix } from '../ip-text.ts'
import {
  type MessageWriter,
  MessageWriter as Writer,
  type NetlinkMessage,
  splitMessages,
} from '../netlink/index.ts'
import { decodeAddress, encodeAddressSpec } from './address-codec.ts'
import { decodeLink } from './link-codec.ts'
import { decodeRoute, encodeRouteSpec } from './route-codec.ts'
import { decodeForwardingEvent, decodeRouteEvent } from './route-events.ts'
import type { Address, AddressSpec, Family, Link, Route, RouteSpec, Rule, RuleSpec } from './route-kernel.ts'
import { decodeRule, encodeRuleSpec } from './rule-codec.ts'

const through = (body: (writer: MessageWriter) => void, type = 0): NetlinkMessage => {
  const writer = new Writer(64)
  writer.message({ type, flags: 0, sequence: 1 }, body)
  const [only] = [...splitMessages(writer.bytes)]
  assert.ok(only)
  return only
}

const u8 = fc.nat(0xff)
const u32 = fc.integer({ min: 0, max: 0xffffffff })
const positive = fc.integer({ min: 1, max: 0x7fffffff })
const name = fc.stringMatching(/^[a-z][a-z0-9-]{0,14}$/)
const maybe = <T>(value: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> => fc.option(value, { nil: undefined })
const PLAIN = { noNullPrototype: true } as const

const ipOf = (family: Family): fc.Arbitrary<string> =>
  fc
    .uint8Array({ minLength: size(family), maxLength: size(family) })
    .map((bytes) => formatAddress(bytes) ?? '')
const prefixOf = (family: Family): fc.Arbitrary<string> =>
  fc
    .tuple(fc.uint8Array({ minLength: size(family), maxLength: size(family) }), fc.nat(size(family) * 8))
    .map(([bytes, length]) => formatPrefix(bytes, length) ?? '')
const size = (family: Family): number => (family === 'inet' ? 4 : 16)
const family = fc.constantFrom<Family>('inet', 'inet6')

/** Leaves out what is undefined, as decoders do for optional properties. */
const present = <T extends object>(value: T): T =>
  Object.fromEntries(Object.entries(value).filter(([, item]) => item !== undefined)) as T

const hardwareAddress = fc
  .uint8Array({ minLength: 6, maxLength: 6 })
  .map((bytes) => Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join(':'))

const link: fc.Arbitrary<Link> = fc
  .record(
    {
      index: positive,
      name,
      kind: fc.constantFrom('', 'veth', 'wireguard', 'tun'),
      flags: u32,
      hardwareType: fc.nat(0xffff),
      mtuBytes: u32,
      hardwareAddress: maybe(hardwareAddress),
      master: maybe(positive),
      peerIndex: maybe(positive),
      peerNamespaceId: maybe(fc.integer({ min: -1, max: 1000 })),
      operState: fc.constantFrom('unknown', 'down', 'lowerlayerdown', 'up'),
      settings: fc.constant({}),
      altNames: fc.array(fc.stringMatching(/^[a-z0-9-]{1,127}$/), { maxLength: 4 }),
    },
    PLAIN,
  )
  .map((fields) => ({ ...fields, up: (fields.flags & 1) === 1 }))

const address: fc.Arbitrary<Address> = family.chain((family) =>
  fc
    .record(
      {
        family: fc.constant(family),
        linkIndex: positive,
        local: ipOf(family),
        prefixLength: fc.nat(size(family) * 8),
        peer: maybe(ipOf(family)),
        protocol: u8,
        scope: u8,
        flags: u32,
      },
      PLAIN,
    )
    .filter(({ local, peer }) => local !== peer)
    .map((fields) => present(fields) as Address),
)

const route: fc.Arbitrary<Route> = family.chain((family) =>
  fc
    .record(
      {
        family: fc.constant(family),
        destination: prefixOf(family),
        table: u32,
        linkIndex: maybe(positive),
        gateway: maybe(ipOf(family)),
        preferredSource: maybe(ipOf(family)),
        metric: u32,
        protocol: u8,
        scope: u8,
        type: u8,
        mtuBytes: maybe(positive),
        mtuLocked: maybe(fc.constant(true)),
      },
      PLAIN,
    )
    .map(({ mtuBytes, mtuLocked, ...fields }) => ({
      ...fields,
      ...(mtuBytes !== undefined && { mtuBytes, ...(mtuLocked && { mtuLocked: true as const }) }),
    })),
)

const rule: fc.Arbitrary<Rule> = family.chain((family) =>
  fc
    .record(
      {
        family: fc.constant(family),
        priority: u32,
        table: u32,
        action: u8,
        fwmark: maybe(positive),
        invert: maybe(fc.constant(true)),
        suppressPrefixLength: maybe(fc.nat(128)),
        source: maybe(prefixOf(family)),
        destination: maybe(prefixOf(family)),
        inputLink: maybe(name),
        outputLink: maybe(name),
        protocol: u8,
      },
      PLAIN,
    )
    .map((fields) => present(fields) as Rule),
)

test('a link comes back from its bytes', () => {
  fc.assert(
    fc.property(link, (given) => assert.deepEqual(decodeLink(through((w) => encodeLink(w, given))), given)),
  )
})

test('an address comes back from its bytes', () => {
  fc.assert(
    fc.property(address, (given) =>
      assert.deepEqual(decodeAddress(through((w) => encodeAddress(w, given))), given),
    ),
  )
})

test('a route comes back from its bytes, with a table of 32 bits', () => {
  fc.assert(
    fc.property(route, (given) =>
      assert.deepEqual(decodeRoute(through((w) => encodeRoute(w, given))), given),
    ),
  )
})

test('a rule comes back from its bytes', () => {
  fc.assert(
    fc.property(rule, (given) => assert.deepEqual(decodeRule(through((w) => encodeRule(w, given))), given)),
  )
})

test('an address that is asked for reads as the address that is shown', () => {
  fc.assert(
    fc.property(address, ({ family, flags: _flags, ...wanted }) => {
      const spec: AddressSpec = { ...wanted, link: 'ignored' }
      const got = decodeAddress(through((w) => encodeAddressSpec(w, spec, wanted.linkIndex)))
      assert.deepEqual(got, { ...wanted, family, flags: 0 })
    }),
  )
})

test('a route that is asked for reads as the route that is shown', () => {
  fc.assert(
    fc.property(route, ({ family, type: _type, linkIndex, ...wanted }) => {
      const spec = present({ ...wanted, type: 'prohibit' }) as RouteSpec
      const got = decodeRoute(through((w) => encodeRouteSpec(w, spec, { linkIndex, deleting: false })))
      assert.deepEqual(got, { ...wanted, linkIndex, family, type: 8 })
    }),
  )
})

test('a rule that is asked for reads as the rule that is shown', () => {
  fc.assert(
    fc.property(rule, ({ action: _action, ...wanted }) => {
      const spec: RuleSpec = wanted
      const got = decodeRule(through((w) => encodeRuleSpec(w, spec)))
      // A prefix of length 0 selects everything, and the request leaves it out.
      const { source, destination, ...rest } = wanted
      const want = {
        ...rest,
        ...(source !== undefined && !source.endsWith('/0') && { source }),
        ...(destination !== undefined && !destination.endsWith('/0') && { destination }),
        action: 1,
      }
      assert.deepEqual(got, want)
    }),
  )
})

test('random bytes make no decoder throw', () => {
  const types = [16, 17, 20, 21, 24, 25, 28, 29, 32, 33]
  const payload = fc.oneof(
    fc.uint8Array({ maxLength: 120 }),
    // A plausible header, then attributes whose lengths are often right.
    fc
      .tuple(
        fc.constantFrom(0, 2, 7, 10),
        fc.uint8Array({ minLength: 15, maxLength: 15 }),
        fc.array(fc.tuple(fc.nat(60), fc.uint8Array({ maxLength: 24 })), { maxLength: 8 }),
      )
      .map(([family, header, attributes]) => {
        const writer = new Writer(64)
        writer.u8(family)
        for (const byte of header) writer.u8(byte)
        for (const [type, value] of attributes) writer.attributeBytes(type, value)
        return writer.bytes
      }),
  )
  fc.assert(
    fc.property(payload, (bytes) => {
      const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
      for (const type of types) {
        const message = { type, flags: 0, sequence: 0, payload: view }
        decodeRouteEvent(message)
        decodeForwardingEvent(message)
      }
    }),
    { numRuns: 2000 },
  )
})
