/** diff() over links that are not WireGuard, compared as text. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { commands, EMPTY, link, node, nodeWith, wantedLink, wg } from './samples.ts'

test('a vxlan over WireGuard in a bridge comes up in one pass', () => {
  const intent = {
    ...node(wg()),
    links: [
      wantedLink('bridge', 'br0', { ports: ['vx0'], addresses: [{ local: '10.2.3.1', prefixLength: 24 }] }),
      wantedLink('vxlan', 'vx0', { settings: { id: 7, link: 'wg0' } }),
    ],
  }
  assert.equal(commands(intent, EMPTY).length, 13)
  assert.ok(link)
  assert.ok(nodeWith)
})
