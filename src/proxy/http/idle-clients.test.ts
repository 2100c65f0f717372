/** Ten thousand clients that have nothing to say. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { head, HttpRig, type TextEnd } from '../../../test/harness/http-rig.ts'

const CLIENTS = 10_000
const GET = head('GET / HTTP/1.1', 'Host: h')

test('GL-09 10,000 idle clients: nothing is kept of what they said, one timer runs for all, and others are served', async () => {
  const rig = new HttpRig()
  const clients: TextEnd[] = Array.from({ length: CLIENTS }, () => rig.client())
  clients[0]!.send(GET)
  await rig.settle()
  rig.target.send(head('HTTP/1.1 200 OK', 'Content-Length: 2') + 'ok')
  await rig.settle()
  assert.match(clients[0]!.take(), /ok$/)
  assert.equal(rig.clock.timers, 1)
  assert.deepEqual(rig.proxy.status(), {
    ...{ clients: CLIENTS, requests: 0, waiting: 0, gatheredHeadBytes: 0, draining: false },
    upstream: { open: 1, idle: 1, dialing: 0 },
  })
  await rig.pass(31_000)
  assert.equal(
    rig.proxy.status().clients,
    1 + CLIENTS - 1,
    'those that never spoke are sent away, and may linger',
  )
  assert.ok(clients.slice(1).every(({ sawEnd }) => sawEnd))
  assert.equal(clients[0]!.sawEnd, false)
  await rig.pass(3000)
  assert.equal(rig.proxy.status().clients, 1)
})

test('GL-09 heads that never end are bounded together: who comes last is refused', async () => {
  const rig = new HttpRig({ route: { limits: { headBytes: 1024 * 1024 } }, capacityBytes: 1024 * 1024 })
  const half = `GET / HTTP/1.1\r\nX: ${'a'.repeat(700_000)}`
  const clients: TextEnd[] = []
  for (let count = 0; count < 40; count++) {
    const client = rig.client()
    client.send(half)
    await rig.settle()
    clients.push(client)
  }
  assert.ok(rig.proxy.status().gatheredHeadBytes <= 32 * 1024 * 1024)
  const refused = clients.filter(({ received }) => received.startsWith('HTTP/1.1 503 '))
  assert.ok(refused.length > 0 && refused.length < 20)
  assert.match(refused[0]!.received, /^Warren-Error: too-many-clients\r$/m)
  const other = rig.client()
  other.send(GET)
  await rig.settle()
  rig.target.send(head('HTTP/1.1 204 No Content'))
  await rig.settle()
  assert.match(other.received, /^HTTP\/1.1 204 /)
  for (const client of clients) client.stream.destroy()
  await rig.settle()
  assert.equal(rig.proxy.status().gatheredHeadBytes, 0)
})
