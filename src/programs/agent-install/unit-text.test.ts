/** The unit: what is in it, and that the flags of an agent survive being written into it. */
import * as fc from 'fast-check'
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { flagsOfUnit } from './read-installed.ts'
import { unitText } from './unit-text.ts'

test('deploy/warren-agent.service is the unit that is installed by default', () => {
  const text = readFileSync('deploy/warren-agent.service', 'utf8')
  assert.equal(text, unitText({ flags: [], containers: false }))
})

test('only an agent for containers may enter namespaces', () => {
  const [plain, containers] = [false, true].map((on) => unitText({ flags: [], containers: on }))
  assert.match(plain ?? '', /^CapabilityBoundingSet=CAP_NET_ADMIN CAP_NET_RAW CAP_NET_BIND_SERVICE$/m)
  assert.match(plain ?? '', /^RestrictNamespaces=yes$/m)
  assert.match(containers ?? '', /CAP_SYS_ADMIN CAP_SYS_PTRACE$/m)
  assert.match(containers ?? '', /^RestrictNamespaces=net$/m)
})

test('flagsOfUnit() reads back the flags that unitText() wrote', () => {
  const word = fc.string({ unit: 'grapheme-ascii', minLength: 1, maxLength: 12 })
  fc.assert(
    fc.property(fc.array(word, { maxLength: 5 }), fc.boolean(), (flags, containers) => {
      assert.deepEqual(flagsOfUnit(unitText({ flags, containers })), flags)
    }),
  )
})

test('a unit that somebody else wrote has no flags of ours', () => {
  assert.deepEqual(flagsOfUnit('[Service]\nExecStart=/bin/true\n'), [])
  assert.deepEqual(flagsOfUnit(undefined), [])
})
