/**
 * Cookies between our userspace interface and another implementation (paper §5.3): the responder is kept under load
 * by strangers, so the initiator has to prove that it receives at its address before anybody computes for it.
 *
 *   initiator                relay in the responder's host      responder, under load
 *     initiation, no MAC2  ──────────────────────────────────►
 *                          ◄──────────────────────────────────  cookie reply
 *     initiation, MAC2     ──────────────────────────────────►  (REKEY_TIMEOUT later)
 *                          ◄──────────────────────────────────  response
 */
import { test, type TestContext } from 'node:test'
import { fileURLToPath } from 'node:url'
import { eventually, patiently } from './eventually.ts'
import { buildPair, INNER, pings, PORT, type Pair, type Side } from './interop-suite.ts'
import { needs } from './needs.ts'
import { warrenDevice, type WireGuardMake } from './wireguard-ends.ts'

const RELAY = fileURLToPath(new URL('handshake-relay.ts', import.meta.url))
const RELAY_PORT = 51999
/** A kernel is under load with 512 handshakes in its queue; wireguard-go drops above 1024; we count 200 a second. */
const FLOOD = { ours: 320, theirs: 960 }

export function cookieSuite(make: WireGuardMake): void {
  const both = {
    root: true,
    kernel: [...(warrenDevice.needs.kernel ?? []), ...(make.needs.kernel ?? [])],
    tools: [...(make.needs.tools ?? []), ...(warrenDevice.needs.tools ?? []), 'unshare'],
  }
  const options = { ...needs(both), timeout: patiently(90_000) }

  test(`${make.name} under load asks warren device for a cookie, and gets it`, options, async (t) => {
    await meetUnderLoad(t, make, 'ours')
  })

  test(`warren device under load asks ${make.name} for a cookie, and gets it`, options, async (t) => {
    await meetUnderLoad(t, make, 'theirs')
  })
}

async function meetUnderLoad(t: TestContext, make: WireGuardMake, initiator: Side): Promise<void> {
  const pair = await buildPair(t, make, { initiator, viaPort: RELAY_PORT })
  const said = startRelay(pair, initiator)
  await eventually(() => said().includes('{"underLoad":true}'), { what: 'the responder is under load' })
  const [from, to] = initiator === 'ours' ? [pair.ours, INNER.theirs] : [pair.theirs, INNER.ours]
  await eventually(() => pings(from, to), { what: 'a ping gets through', timeoutMs: 40_000 })
  const order = [
    '{"from":"initiator","type":1,"mac2":false}',
    // A cookie reply has no MACs: what is looked at are the last bytes of the sealed cookie.
    '{"from":"responder","type":3,"mac2":true}',
    '{"from":"initiator","type":1,"mac2":true}',
    '{"from":"responder","type":2,',
  ]
  await eventually(() => comesInOrder(said(), order), { what: `a cookie before the handshake:\n${said()}` })
}

function startRelay(pair: Pair, initiator: Side): () => string {
  const responder = initiator === 'ours' ? 'theirs' : 'ours'
  const responderKey = (initiator === 'ours' ? pair.oursConfig : pair.theirsConfig).peers[0]?.publicKey ?? ''
  const args = [RELAY, RELAY_PORT, PORT, responderKey, FLOOD[responder]].map(String)
  const relay = pair[responder].spawn(process.execPath, args)
  let text = ''
  for (const stream of [relay.stdout, relay.stderr])
    stream?.on('data', (chunk: Buffer) => (text += chunk.toString()))
  return () => text
}

function comesInOrder(text: string, order: readonly string[]): boolean {
  let at = 0
  return order.every((line) => {
    const found = text.indexOf(line, at)
    at = found + line.length
    return found >= 0
  })
}
