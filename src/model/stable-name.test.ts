/** Names fit where they are used, are the same for ever, and stay apart. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { similarTo } from './similar.ts'
import { hashText, labelOf, linkNameOf } from './stable-name.ts'

test('GC-01 short names stay as they are, and long ones end in a hash that never changes', () => {
  assert.equal(linkNameOf('wg', 'lax1-lax2-0'), 'wg-lax1-lax2-0')
  assert.equal(linkNameOf('wg', 'abcdefghijkl'), 'wg-abcdefghijkl')
  assert.equal(linkNameOf('wg', 'kubernetes-main-node-0'), 'wg-kdwsyqgta2bx')
  assert.equal(labelOf('a'.repeat(63)), 'a'.repeat(63))
  assert.equal(labelOf('a'.repeat(64)).length, 63)
  assert.match(labelOf(`${'a'.repeat(45)}.${'b'.repeat(60)}`), /^a{45}-[a-z2-9]{16}$/)
})

test('names fit, and two texts that differ have names that differ', () => {
  fc.assert(
    fc.property(
      fc.stringMatching(/^[a-z0-9][-a-z0-9.]{0,252}$/),
      fc.stringMatching(/^[a-z0-9][-a-z0-9.]{0,252}$/),
      (a, b) => {
        assert.ok(linkNameOf('wg', a).length <= 15)
        assert.ok(labelOf(a).length <= 63)
        assert.match(hashText(a, 12), /^[a-z2-9]{12}$/)
        if (a === b) return
        assert.notEqual(linkNameOf('wg', a), linkNameOf('wg', b))
        assert.notEqual(labelOf(a), labelOf(b))
      },
    ),
  )
})

const meant: readonly { given: string; want: string | undefined }[] = [
  { given: 'endpiont', want: 'endpoint' },
  { given: 'Nodes', want: 'nodes' },
  { given: 'hub', want: 'hubs' },
  { given: 'defaultPortRange', want: 'portRange' },
  { given: 'xyz', want: undefined },
  { given: '', want: undefined },
]

for (const { given, want } of meant) {
  test(`similarTo() takes ${JSON.stringify(given)} for ${want ?? 'nothing'}`, () => {
    assert.equal(similarTo(given, ['endpoint', 'nodes', 'hubs', 'portRange', 'mtu']), want)
  })
}
