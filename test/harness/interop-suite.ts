/**
 * Our userspace interface against another implementation of WireGuard, as one suite. Each test builds
 *
 *      host ours                                       host theirs
 *   ┌───────────────┐  192.0.2.0/24, 2001:db8::/64  ┌────────────────┐
 *   │ wg0 10.9.0.1  │ eth0 ─────── veth ─────── eth0│ wg0 10.9.0.2   │
 *   │ warren device │ .1                          .2│ the other make │
 *   └───────────────┘                               └────────────────┘
 *
 * and only the end that is given an endpoint can begin: that one is the initiator.
 */
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { test, type TestContext } from 'node:test'
import { fileURLToPath } from 'node:url'
import { eventually, patiently } from './eventually.ts'
import { connect, Namespace } from './namespace.ts'
import { needs } from './needs.ts'
import {
  configureEnd,
  makeKeyPair,
  peerSeen,
  setconf,
  warrenDevice,
  type ConfigOfEnd,
  type RunningEnd,
  type WireGuardMake,
} from './wireguard-ends.ts'

export type Side = 'ours' | 'theirs'

export interface Pair {
  readonly ours: Namespace
  readonly theirs: Namespace
  readonly oursRunning: RunningEnd
  readonly oursConfig: ConfigOfEnd
  readonly theirsConfig: ConfigOfEnd
}

export interface PairOptions {
  readonly initiator: Side
  readonly outer?: 'v4' | 'v6'
  readonly presharedKey?: Partial<Record<Side, string>>
  readonly keepalive?: number
  /** The port of the other end that the initiator is told; default: its own. */
  readonly viaPort?: number
}

const TRANSFER = fileURLToPath(new URL('tcp-transfer.ts', import.meta.url))
export const PORT = 51820
const OUTER = {
  v4: { ours: '192.0.2.1', theirs: '192.0.2.2' },
  v6: { ours: '2001:db8::1', theirs: '2001:db8::2' },
}
export const INNER = { ours: '10.9.0.1', theirs: '10.9.0.2' }
/** The longer of the two handshake messages; and header and tag around nothing. */
const [HANDSHAKE_BYTES, KEEPALIVE_BYTES] = [148, 32]
const INNER_V6 = { ours: 'fd00:9::1', theirs: 'fd00:9::2' }

/** Both hosts, connected, with both interfaces up. Closed when the test ends. */
export async function buildPair(t: TestContext, make: WireGuardMake, options: PairOptions): Promise<Pair> {
  const ours = await Namespace.create('ours')
  t.after(() => ours.close())
  const theirs = await Namespace.create('theirs')
  t.after(() => theirs.close())
  await connect(
    [ours, `${OUTER.v4.ours}/24`, `${OUTER.v6.ours}/64`],
    [theirs, `${OUTER.v4.theirs}/24`, `${OUTER.v6.theirs}/64`],
  )
  const keys = { ours: makeKeyPair(), theirs: makeKeyPair() }
  const configOf = (side: Side): ConfigOfEnd => {
    const other = side === 'ours' ? 'theirs' : 'ours'
    const outer = OUTER[options.outer ?? 'v4'][other]
    const port = options.viaPort ?? PORT
    const endpoint = outer.includes(':') ? `[${outer}]:${port}` : `${outer}:${port}`
    const presharedKey = options.presharedKey?.[side]
    return {
      privateKey: keys[side].privateKey,
      listenPort: PORT,
      addresses: [`${INNER[side]}/24`, `${INNER_V6[side]}/64`],
      peers: [
        {
          publicKey: keys[other].publicKey,
          allowedIPs: [`${INNER[other]}/32`, `${INNER_V6[other]}/128`],
          ...(options.initiator === side ? { endpoint } : {}),
          ...(presharedKey === undefined ? {} : { presharedKey }),
          ...(options.keepalive === undefined ? {} : { keepalive: options.keepalive }),
        },
      ],
    }
  }
  await make.start(theirs, 'wg0')
  const oursRunning = await warrenDevice.start(ours, 'wg0')
  const pair = { ours, theirs, oursRunning, oursConfig: configOf('ours'), theirsConfig: configOf('theirs') }
  await configureEnd(ours, 'wg0', pair.oursConfig)
  await configureEnd(theirs, 'wg0', pair.theirsConfig)
  return pair
}

export async function pings(from: Namespace, to: string): Promise<boolean> {
  return from.succeeds(`ping -n -c 1 -W 2 ${to}`)
}

/** The initiator's first ping may be lost to a handshake under way; a ping that never gets through fails. */
async function assertConnected(pair: Pair, initiator: Side): Promise<void> {
  const [from, to] = initiator === 'ours' ? [pair.ours, INNER.theirs] : [pair.theirs, INNER.ours]
  await eventually(() => pings(from, to), {
    what: `ping from the initiator (${initiator})`,
    timeoutMs: 20_000,
  })
  assert.ok(await pings(pair.ours, INNER.theirs), 'ours cannot ping theirs')
  assert.ok(await pings(pair.theirs, INNER.ours), 'theirs cannot ping ours')
  assert.ok(await pings(pair.ours, INNER_V6.theirs), 'ours cannot ping theirs over IPv6')
  assert.ok(await pings(pair.theirs, INNER_V6.ours), 'theirs cannot ping ours over IPv6')
}

export function interopSuite(make: WireGuardMake): void {
  const other = make.name
  const both = {
    root: true,
    kernel: [...(warrenDevice.needs.kernel ?? []), ...(make.needs.kernel ?? [])],
    tools: [...(make.needs.tools ?? []), ...(warrenDevice.needs.tools ?? []), 'unshare'],
  }
  const options = { ...needs(both), timeout: patiently(90_000) }

  for (const initiator of ['ours', 'theirs'] as const) {
    const role = initiator === 'ours' ? 'initiator' : 'responder'

    test(`warren device as ${role} and ${other} ping each other in both families`, options, async (t) => {
      const pair = await buildPair(t, make, { initiator })
      await assertConnected(pair, initiator)
      const [ours, theirs] = [await peerSeen(pair.ours, 'wg0'), await peerSeen(pair.theirs, 'wg0')]
      assert.ok(ours.latestHandshake > 0 && theirs.latestHandshake > 0)
      assert.equal(ours.endpoint, '192.0.2.2:51820')
      assert.equal(theirs.endpoint, '192.0.2.1:51820')
      assert.ok(ours.rxBytes > 0 && theirs.rxBytes > 0)
    })

    test(`warren device as ${role} and ${other} agree on a preshared key`, options, async (t) => {
      const key = randomBytes(32).toString('base64')
      const pair = await buildPair(t, make, { initiator, presharedKey: { ours: key, theirs: key } })
      await assertConnected(pair, initiator)
    })
  }

  test(`warren device and ${other} with different preshared keys make no session`, options, async (t) => {
    const presharedKey = {
      ours: randomBytes(32).toString('base64'),
      theirs: randomBytes(32).toString('base64'),
    }
    const pair = await buildPair(t, make, { initiator: 'ours', presharedKey })
    assert.equal(await pings(pair.ours, INNER.theirs), false)
    await eventually(async () => (await peerSeen(pair.ours, 'wg0')).txBytes > 0, { what: 'ours tried' })
    assert.equal((await peerSeen(pair.ours, 'wg0')).latestHandshake, 0)
  })

  test(`warren device and ${other} meet over IPv6`, options, async (t) => {
    const pair = await buildPair(t, make, { initiator: 'ours', outer: 'v6' })
    await assertConnected(pair, 'ours')
    assert.equal((await peerSeen(pair.theirs, 'wg0')).endpoint, '[2001:db8::1]:51820')
  })

  test(`warren device and ${other} carry a TCP stream each way, byte for byte`, options, async (t) => {
    const pair = await buildPair(t, make, { initiator: 'ours' })
    await assertConnected(pair, 'ours')
    const server = pair.theirs.spawn(process.execPath, [TRANSFER, 'serve', INNER.theirs, '5001'])
    await once(server.stdout ?? server, 'data')
    const transfer = async (verb: string) =>
      JSON.parse(
        await pair.ours.exec(`${process.execPath} ${TRANSFER} ${verb} ${INNER.theirs} 5001 4000000`),
      ) as {
        received: number
        digest: string
        echoed?: string
      }
    const sent = await transfer('send')
    assert.equal(sent.echoed, sent.digest)
    assert.deepEqual(await transfer('fetch'), { received: 4_000_000, digest: sent.digest })
  })

  test(`${other} follows warren device to a new address, without a new handshake`, options, async (t) => {
    const pair = await buildPair(t, make, { initiator: 'ours' })
    await assertConnected(pair, 'ours')
    const before = await peerSeen(pair.theirs, 'wg0')
    await pair.ours.exec('ip address delete 192.0.2.1/24 dev eth0')
    await pair.ours.exec('ip address add 192.0.2.77/24 dev eth0')
    await eventually(() => pings(pair.ours, INNER.theirs), { what: 'ping from the new address' })
    const after = await peerSeen(pair.theirs, 'wg0')
    assert.equal(after.endpoint, '192.0.2.77:51820')
    assert.equal(after.latestHandshake, before.latestHandshake)
  })

  test(`warren device and ${other} keep a session alive without traffic`, options, async (t) => {
    const pair = await buildPair(t, make, { initiator: 'ours', keepalive: 1 })
    const enough = async (host: Namespace) => {
      const { latestHandshake, rxBytes } = await peerSeen(host, 'wg0')
      return latestHandshake > 0 && rxBytes >= HANDSHAKE_BYTES + 3 * KEEPALIVE_BYTES
    }
    const timeoutMs = 40_000
    await eventually(() => enough(pair.theirs), { timeoutMs, what: `${other} hears three keepalives` })
    await eventually(() => enough(pair.ours), { timeoutMs, what: 'warren device hears three keepalives' })
  })

  if (make.survivesItsOwnMove)
    test(`warren device follows ${other} to a new address`, options, async (t) => {
      const pair = await buildPair(t, make, { initiator: 'theirs' })
      await assertConnected(pair, 'theirs')
      await pair.theirs.exec('ip address delete 192.0.2.2/24 dev eth0')
      await pair.theirs.exec('ip address add 192.0.2.78/24 dev eth0')
      await eventually(() => pings(pair.theirs, INNER.ours), { what: 'ping from the new address' })
      assert.equal((await peerSeen(pair.ours, 'wg0')).endpoint, '192.0.2.78:51820')
    })

  test(`warren device drops what ${other} sends from an address it may not use`, options, async (t) => {
    const pair = await buildPair(t, make, { initiator: 'ours' })
    await assertConnected(pair, 'ours')
    await pair.theirs.exec('ip address add 10.9.0.66/32 dev wg0')
    assert.equal(await pair.theirs.succeeds(`ping -n -c 1 -W 2 -I 10.9.0.66 ${INNER.ours}`), false)
    assert.ok(await pings(pair.theirs, INNER.ours))
  })

  test(`warren device killed and started again shakes hands with ${other} anew`, options, async (t) => {
    const pair = await buildPair(t, make, { initiator: 'ours' })
    await assertConnected(pair, 'ours')
    pair.oursRunning.kill()
    assert.ok(await pair.ours.succeeds('ip link show wg0'), 'the link outlives its process')
    await eventually(async () => !(await pair.ours.succeeds('wg show wg0')), { what: 'the process is gone' })
    await warrenDevice.start(pair.ours, 'wg0')
    await setconf(pair.ours, 'wg0', pair.oursConfig)
    await assertConnected(pair, 'ours')
  })
}

/** Two minutes of traffic, so that REKEY_AFTER_TIME (120 s) passes and the initiator must make a new session. */
export function rekeySuite(make: WireGuardMake): void {
  const both = {
    root: true,
    kernel: [...(warrenDevice.needs.kernel ?? []), ...(make.needs.kernel ?? [])],
    tools: [...(make.needs.tools ?? []), ...(warrenDevice.needs.tools ?? []), 'unshare'],
  }
  const options = { ...needs(both), timeout: 150_000 + patiently(25_000), concurrency: 2 }
  const rekeys = (initiator: Side) => async (t: TestContext) => {
    const pair = await buildPair(t, make, { initiator })
    await assertConnected(pair, initiator)
    const first = (await peerSeen(pair.theirs, 'wg0')).latestHandshake
    const [from, to] = initiator === 'ours' ? [pair.ours, INNER.theirs] : [pair.theirs, INNER.ours]
    const stream = from.spawn('ping', ['-n', '-i', '0.5', '-w', '135', to])
    let output = ''
    stream.stdout?.on('data', (chunk: Buffer) => (output += chunk.toString()))
    await once(stream, 'exit')
    const second = (await peerSeen(pair.theirs, 'wg0')).latestHandshake
    assert.ok(second >= first + 115, `handshakes at ${first} and ${second}`)
    const loss = Number(/([\d.]+)% packet loss/.exec(output)?.[1] ?? '100')
    assert.ok(loss < 2, `${loss} % of the pings were lost: ${output.slice(-200)}`)
  }
  test(
    `sessions between warren device and ${make.name} are renewed without losing traffic`,
    options,
    async (t) => {
      await Promise.all([
        t.test('when warren device is the initiator', options, rekeys('ours')),
        t.test(`when ${make.name} is the initiator`, options, rekeys('theirs')),
      ])
    },
  )
}
