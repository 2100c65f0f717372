/**
 * Negative controls: one thing of the demonstration is really broken, and it says so and ends with 1. What is broken
 * is in src/lab/demonstration/break-it.ts; no check knows of it.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { patiently } from '../harness/eventually.ts'
import { needs } from '../harness/needs.ts'
import { NPM_START, run } from './start-runs.ts'

const options = {
  ...needs({ root: true, kernel: ['tun', 'veth', 'bridge', 'nftables'], tools: ['unshare'] }),
  timeout: patiently(300_000),
}

const rows = [
  {
    breakage: 'nat',
    broken: /router-home-a does not translate/,
    noticed: [/FAIL {2}\d+ of 60 pairs .* ping and transfer/],
  },
  {
    breakage: 'peer',
    broken: /has no agent and no peer on wg0/,
    noticed: [/FAIL {2}\d+ of 60 pairs .* ping and transfer/],
  },
  {
    breakage: 'route',
    broken: /has no agent and no route through wg0/,
    noticed: [/FAIL {2}\d+ of 60 pairs .* ping and transfer/],
  },
  {
    breakage: 'firewall',
    broken: /k3s has no firewall/,
    noticed: [
      /FAIL .* [1-9]\d* got through/,
      /FAIL {2}open from outside: k3s\/udp\/51820, phy01\/udp\/51820/,
    ],
  },
]

for (const { breakage, broken, noticed } of rows) {
  test(
    `with one ${breakage} broken, npm start -- --once exits 1 and names what does not hold`,
    options,
    async () => {
      const { status, output, result } = await run([...NPM_START, '--break', breakage])
      assert.equal(status, 1, output)
      assert.match(output, broken)
      for (const line of noticed) assert.match(output, line)
      assert.equal(result?.hostUnchanged, true, 'this machine is as it was all the same')
      assert.ok(result.reachable < result.expected || result.forbidden > 0 || result.openPorts.length > 1)
    },
  )
}
