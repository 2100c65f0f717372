/** One line per fact. */
import assert from 'node:assert/strict'
import { test } from 'node:test'

import type { Allocations } from '../../model/index.ts'
import { formatLockChanges, lockChanges } from './lock-changes.ts'

const before: Allocations = {
  networks: {
    'default/home': {
      nodes: {
        a: { addresses: ['10.0.0.1'], publicKey: 'AAA', interfaces: [{ name: 'wg0', listenPort: 1 }] },
        gone: { addresses: ['10.0.0.9'], interfaces: [] },
      },
    },
  },
}
const after: Allocations = {
  networks: {
    'default/home': {
      nodes: {
        a: {
          addresses: ['10.0.0.1', 'fd00::1'],
          publicKey: 'BBB',
          interfaces: [{ name: 'wg0', listenPort: 1 }],
        },
      },
    },
  },
}

test('lockChanges() tells what was added, removed and changed, and nothing else', () => {
  assert.equal(
    formatLockChanges(lockChanges(before, after)),
    `+ default/home a: address fd00::1
~ default/home a: public key AAA → BBB
- default/home gone: address 10.0.0.9
`,
  )
  assert.deepEqual(lockChanges(after, after), [])
})
