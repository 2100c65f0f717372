/** The native sockets of a tunnel when the line takes nothing: they stop, nothing waits, and they go on by themselves. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { eventually, patiently } from '../harness/eventually.ts'
import { connect, Namespace } from '../harness/namespace.ts'
import { needs } from '../harness/needs.ts'

const PROGRAM = fileURLToPath(new URL('../harness/outer-program.ts', import.meta.url))
const options = {
  ...needs({ root: true, kernel: ['veth'], tools: ['ip', 'tc', 'nsenter', 'unshare'] }),
  timeout: patiently(60_000),
}

test('a full socket stops the sending of its tunnel until there is room', options, async (t) => {
  const [left, right] = [await Namespace.create('left'), await Namespace.create('right')]
  t.after(() => left.close())
  t.after(() => right.close())
  await connect([left, '192.0.2.1/24'], [right, '192.0.2.2/24'])
  await left.exec('ping -n -c 1 192.0.2.2')
  await left.exec('tc qdisc add dev eth0 root tbf rate 8kbit burst 100kb limit 100mb')
  const child = left.spawn(process.execPath, [PROGRAM, '192.0.2.2', '9'])
  let [output, trouble] = ['', '']
  child.stdout?.on('data', (chunk: Buffer) => (output += chunk.toString()))
  child.stderr?.on('data', (chunk: Buffer) => (trouble += chunk.toString()))
  await eventually(() => output !== '' || child.exitCode !== null, { what: 'the sockets are full' })
  assert.deepEqual([output, trouble], ['full true 0\n', ''])
  await left.exec('tc qdisc delete dev eth0 root')
  await once(child, 'close')
  assert.deepEqual([output, trouble], ['full true 0\nroom true\n', ''])
})
