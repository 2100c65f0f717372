/**
 * Who answers: an echo request, or a TCP connection, from a throwaway namespace.
 *
 *   left 192.0.2.1 ───veth─── right 192.0.2.2    nobody has 192.0.2.9, and nothing leads to 198.51.100.1
 */
import assert from 'node:assert/strict'
import { createServer } from 'node:net'
import { once } from 'node:events'
import { test } from 'node:test'
import { answers } from '../../src/agent/index.ts'
import { loadSyscalls, newNetns, RouteNetlink, withNetns } from '../../src/linux/index.ts'
import { needs } from '../harness/needs.ts'

const NEEDS = needs({ root: true, kernel: ['veth'] })

test('answers(): an echo request is answered by who is there, in both families', NEEDS, async (t) => {
  const sys = loadSyscalls()
  const [left, right] = [newNetns(sys), newNetns(sys)]
  const netlink = RouteNetlink.open(sys, { netns: left })
  const other = RouteNetlink.open(sys, { netns: right })
  t.after(() => {
    for (const one of [netlink, other]) one.close()
    for (const fd of [left, right]) sys.close(fd)
  })
  netlink.addLink({ name: 'v0', kind: 'veth', peer: { name: 'v1', netns: right } })
  for (const [route, link, last] of [
    [netlink, 'v0', 1],
    [other, 'v1', 2],
  ] as const) {
    route.setLink(link, { up: true })
    route.addAddress({ link, local: `192.0.2.${last}`, prefixLength: 24 })
    route.addAddress({ link, local: `2001:db8::${last}`, prefixLength: 64, noDad: true })
  }
  // The socket is made at once, inside; its answer may come later.
  const ask = (host: string, timeoutMs: number): Promise<boolean> =>
    withNetns(sys, left, () => ({ answer: answers(sys, { host, port: undefined }, { timeoutMs }) })).answer
  // Neighbour discovery of a fresh link may take its time: whoever is there answers in the end.
  for (const host of ['192.0.2.2', '2001:db8::2']) {
    let answered = false
    for (let tries = 0; tries < 20 && !answered; tries++) answered = await ask(host, 1000)
    assert.ok(answered, host)
  }
  assert.equal(await ask('192.0.2.9', 200), false)
  assert.equal(await ask('198.51.100.1', 200), false)
})

test('answers(): a port that refuses is an answer too', async (t) => {
  const sys = loadSyscalls()
  const server = createServer((socket) => socket.destroy()).listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => server.close())
  const { port } = server.address() as { port: number }
  assert.equal(await answers(sys, { host: '127.0.0.1', port }, { timeoutMs: 5000 }), true)
  server.close()
  await once(server, 'close')
  assert.equal(await answers(sys, { host: '127.0.0.1', port }, { timeoutMs: 5000 }), true)
})
