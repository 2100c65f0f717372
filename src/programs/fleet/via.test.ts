/** What a node's command gives back, and what is said when it does not. */
import assert from 'node:assert/strict'
import { test } from 'node:test'

import { BadInput } from '../exit.ts'
import { NodeCommandFailed, parseVia, runOnNode } from './via.ts'

const via = (command: string, timeoutMs = 20_000) => ({
  ...parseVia({ via: command, remoteCommand: 'x', timeout: 20 }),
  timeoutMs,
})
const failing = (pattern: RegExp) => (error: unknown) =>
  error instanceof NodeCommandFailed && error.node === 'rpi4' && pattern.test(error.message)

test('a command gets the node, the arguments and standard input, and gives its standard output', async () => {
  const script = `echo "$0 $@"; cat`
  const output = await runOnNode('rpi4', via(`sh -c '${script}' on-{node}`), {
    args: ['node', 'key'],
    input: 'hello',
  })
  assert.equal(output, 'on-rpi4 x node key\nhello')
})

test('a failure names the command, the status and the last words, without control characters', async () => {
  const script = `printf "first\\n\\033[2Jlast words\\n  a hint\\n2 errors\\n" >&2; exit 7`
  await assert.rejects(
    runOnNode('rpi4', via(`sh -c '${script}' {node}`), { args: [] }),
    failing(/ rpi4 x ended with status 7: \[2Jlast words$/),
  )
})

test('a program that is not there, and one that takes too long, are said to be so', async () => {
  await assert.rejects(
    runOnNode('rpi4', via('/nowhere/ssh {node}'), { args: [] }),
    failing(/no such program$/),
  )
  await assert.rejects(
    runOnNode('rpi4', via(`sh -c 'exec sleep 100' {node}`, 50), { args: [] }),
    failing(/did not end within 0.05 s$/),
  )
})

test('parseVia() refuses what cannot name a node', () => {
  for (const bad of ['ssh root@phy01', `ssh 'root@{node}`, '']) {
    assert.throws(() => parseVia({ via: bad, remoteCommand: 'warren', timeout: 1 }), BadInput, bad)
  }
})
