/** The view on something that is no terminal: plain lines, nothing that redraws; and on one: what is left to read. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { HostRow } from '../../lab/index.ts'
import { makeView } from './view.ts'

const ROW: HostRow = {
  host: 'phy01',
  place: 'public',
  interface: 'wg0',
  backend: 'userspace',
  peers: 5,
  alive: 5,
  lastHandshakeMs: Date.now(),
  convergedMs: 1200,
}

function written(
  interactive: boolean,
  columns = 100,
): { text: () => string; view: ReturnType<typeof makeView> } {
  const parts: string[] = []
  const terminal = { colour: false, interactive, columns, write: (text: string) => void parts.push(text) }
  return { text: () => parts.join(''), view: makeView(terminal) }
}

test('without a terminal there are no control sequences and no progress', () => {
  const { text, view } = written(false)
  view.show({ kind: 'step', number: 2, title: 'the network comes up' })
  view.show({ kind: 'progress', text: 'agents make it so' })
  view.show({ kind: 'hosts', rows: [ROW] })
  view.show({ kind: 'line', tone: 'held', text: 'converged' })
  view.close(0)
  assert.ok(!text().includes('\u001B') && !text().includes('agents make it so'))
  assert.match(text(), /^\n2 {2}the network comes up \(\d+\.\d s\)\n {3}ok {2}converged\n/)
})

test('the last state of the hosts stays when the next step begins', () => {
  const { text, view } = written(false)
  view.show({ kind: 'hosts', rows: [{ ...ROW, alive: 3 }] })
  view.show({ kind: 'hosts', rows: [ROW] })
  view.show({ kind: 'step', number: 3, title: 'who reaches whom' })
  view.close(0)
  assert.equal(text().split('userspace').length - 1, 1, 'one row for one host')
  assert.match(text(), /phy01 +public +wg0 +userspace +5 of 5 +0 s ago +1200 ms/)
})

test('what fails is counted and said', () => {
  const { text, view } = written(false)
  view.show({ kind: 'line', tone: 'failed', text: 'a pair does not ping' })
  view.close(1)
  assert.match(text(), / FAIL {2}a pair does not ping\n/)
  assert.match(text(), /1 check did not hold/)
})

test('on a terminal the redrawn part never wraps, whatever the width', () => {
  const { text, view } = written(true, 30)
  view.show({ kind: 'hosts', rows: [ROW] })
  view.show({ kind: 'progress', text: 'x'.repeat(200) })
  const drawn = text().split('\u001B[J').at(-1) ?? ''
  assert.ok(drawn.split('\n').every((line) => line.length <= 30))
  view.close(0)
})

test('a long line is broken between words, and goes on under where it began', () => {
  const { text, view } = written(true, 50)
  view.show({ kind: 'line', tone: 'held', text: `${'word '.repeat(20)}end` })
  view.close(0)
  const lines = text()
    .split('\n')
    .filter((line) => line.includes('word'))
  assert.ok(lines.length > 1 && lines.every((line) => line.length <= 50))
  assert.ok(lines.slice(1).every((line) => line.startsWith(' '.repeat(7))))
})
