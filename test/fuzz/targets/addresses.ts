/**
 * Addresses and prefixes as text. Four areas that may not import each other each read them; if one takes or writes
 * what another does not, a network looks different to its planner and to its kernel.
 */
import assert from 'node:assert/strict'
import * as linux from '../../../src/linux/ip-text.ts'
import * as model from '../../../src/model/addresses/index.ts'
import * as packets from '../../../src/protocols/addresses/index.ts'
import * as formats from '../../../src/protocols/wireguard/formats/index.ts'
import { formatPrefix, parsePrefix } from '../../../src/protocols/wireguard/prefix.ts'
import type { FuzzTarget } from '../target.ts'

const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes)
const SEEDS = [
  '10.0.0.1',
  '192.0.2.0/24',
  '::',
  '::1',
  'fd00::/8',
  '2001:db8::1:0:0:1',
  '::ffff:10.0.0.1/128',
]
const WORDS = ['::', ':', '.', '0', '/', '255', '256', 'ffff', '10.0.0.1', '%eth0', '01', ' ', '/128', '/0']

export const addressTargets: readonly FuzzTarget[] = [
  {
    name: 'address-text',
    kind: 'text',
    dictionary: WORDS,
    seeds: () => SEEDS.map((seed) => new TextEncoder().encode(seed)),
    run(input) {
      const given = text(input)
      const bytes = linux.parseAddress(given)
      const planned = model.parseAddress(given)
      assert.deepEqual(formats.parseAddress(given), bytes, given)
      assert.deepEqual(packets.parseAddress(given), bytes, given)
      assert.equal(planned === undefined, bytes === undefined, given)
      if (bytes && planned) {
        const written = linux.formatAddress(bytes)
        assert.equal(model.formatAddress(planned), written)
        assert.equal(formats.formatAddress(bytes), written)
        assert.equal(packets.formatAddress(bytes), written)
      }
      return `${bytes?.length ?? 'no'} bytes, ${prefixOutcome(given)}`
    },
  },
]

function prefixOutcome(given: string): string {
  const planned = model.parsePrefix(given)
  const want = planned && model.formatPrefix(planned)
  assert.equal(formats.canonicalPrefix(given), want, given)
  const routed = parsePrefix(given)
  assert.equal(routed && formatPrefix(routed), want, given)
  if (!given.includes('/')) return 'no prefix'
  const sent = linux.parsePrefix(given)
  assert.equal(sent && linux.formatPrefix(sent.address, sent.length), want, given)
  return want === undefined ? 'no prefix' : 'a prefix'
}
