/**
 * `warren device` as a process: what it gives up, what it leaves behind, when it ends.
 *
 *      host (a network namespace of its own)
 *   ┌──────────────────────────────────────────────┐
 *   │ wg0 10.9.0.1/24, route 10.77.0.0/16 ── TUN ──┼── warren device wg0 ── /run/wireguard/wg0.sock
 *   └──────────────────────────────────────────────┘
 */
import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { test, type TestContext } from 'node:test'
import { startDevice, UapiClient } from '../../src/device/index.ts'
import { eventually, patiently } from '../harness/eventually.ts'
import { Namespace } from '../harness/namespace.ts'
import { needs } from '../harness/needs.ts'
import { makeKeyPair, warrenDevice } from '../harness/wireguard-ends.ts'

const options = { ...needs(warrenDevice.needs), timeout: patiently(60_000) }

interface Running {
  readonly host: Namespace
  readonly child: ChildProcess
  readonly output: () => string
}

async function start(t: TestContext, args: readonly string[] = []): Promise<Running> {
  const host = await Namespace.create('device')
  t.after(() => host.close())
  return restart(host, args)
}

async function restart(host: Namespace, args: readonly string[] = []): Promise<Running> {
  const child = host.spawn(resolve('bin/warren'), ['device', 'wg0', '--state-dir', '/run/state', ...args])
  let output = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream?.on('data', (chunk: Buffer) => (output += chunk.toString()))
  }
  await eventually(() => output.includes('ready\n') || child.exitCode !== null, { what: `ready: ${output}` })
  assert.ok(output.includes('ready\n'), output)
  return { host, child, output: () => output }
}

const exitOf = async (child: ChildProcess): Promise<unknown> =>
  child.exitCode ?? ((await once(child, 'exit')) as unknown[])[0]

test('warren device has no capability in any of its threads, and can get none', options, async (t) => {
  const { child } = await start(t)
  const threads = readdirSync(`/proc/${child.pid}/task`)
  assert.ok(threads.length > 1)
  for (const thread of threads) {
    const status = readFileSync(`/proc/${child.pid}/task/${thread}/status`, 'utf8')
    for (const set of ['CapInh', 'CapPrm', 'CapEff', 'CapBnd', 'CapAmb']) {
      assert.match(status, new RegExp(`^${set}:\\s+0{16}$`, 'm'))
    }
    assert.match(status, /^NoNewPrivs:\s+1$/m)
  }
})

test('warren device keeps its socket for its own user', options, async (t) => {
  const { host } = await start(t)
  const listing = await host.exec('stat -c %a:%F /run/wireguard/wg0.sock')
  assert.equal(listing.trim(), '600:socket')
})

test('warren device stopped by SIGTERM leaves the link and takes its socket away', options, async (t) => {
  const { host, child } = await start(t)
  child.kill('SIGTERM')
  assert.equal(await exitOf(child), 0)
  assert.ok(await host.succeeds('ip link show wg0'))
  assert.equal(existsSync(host.pathOf('/run/wireguard/wg0.sock')), false)
})

test('warren device ends when its link is deleted', options, async (t) => {
  const { host, child } = await start(t)
  await host.exec('ip link delete wg0')
  assert.equal(await exitOf(child), 0)
  assert.equal(existsSync(host.pathOf('/run/wireguard/wg0.sock')), false)
})

test('warren device killed leaves link, addresses and routes to the next one', options, async (t) => {
  const { host, child } = await start(t)
  await host.exec('ip address add 10.9.0.1/24 dev wg0')
  await host.exec('ip address add fd00:9::1/64 dev wg0 nodad')
  await host.exec('ip link set wg0 up mtu 1380')
  await host.exec('ip route add 10.77.0.0/16 dev wg0 proto 87')
  await host.exec('ip route add fd77::/48 dev wg0 proto 87')
  const before = await describe(host)
  child.kill('SIGKILL')
  await once(child, 'exit')
  assert.deepEqual(await describe(host), before)
  await restart(host)
  assert.deepEqual(await describe(host), before)
  assert.match(await host.exec('ip link show wg0'), /LOWER_UP.*mtu 1380/)
})

async function describe(host: Namespace): Promise<string[]> {
  const routes = [
    await host.exec('ip route show dev wg0'),
    await host.exec('ip -6 route show dev wg0 proto 87'),
  ]
  const addresses = await host.exec('ip -o address show dev wg0 scope global')
  // While nobody is attached the kernel calls the link's routes dead; they are still there.
  return [...routes.map((text) => text.replaceAll(' linkdown', '')), addresses]
}

test('a second warren device on the same link refuses, naming the reason', options, async (t) => {
  const { host } = await start(t)
  const child = host.spawn(resolve('bin/warren'), ['device', 'wg0', '--state-dir', '/run/state'])
  let trouble = ''
  child.stderr?.on('data', (chunk: Buffer) => (trouble += chunk.toString()))
  assert.equal(await exitOf(child), 69)
  assert.match(trouble, /EBUSY.*Another process serves wg0/s)
})

test('warren device says nothing about keys', options, async (t) => {
  const { host, child, output } = await start(t)
  const { privateKey } = makeKeyPair()
  const client = new UapiClient(host.pathOf('/run/wireguard/wg0.sock'))
  await client.set({ privateKey, peers: [{ publicKey: makeKeyPair().publicKey, allowedIPs: [] }] })
  await assert.rejects(client.set({ privateKey, fwmark: 7, peers: [] }), (error: Error) => {
    assert.equal(error.message.includes(privateKey), false)
    return true
  })
  child.kill('SIGTERM')
  await exitOf(child)
  const words = readFileSync('/proc/self/cmdline', 'utf8') + output()
  assert.equal(words.includes(privateKey.slice(0, 10)), false)
  assert.equal(output(), 'ready\n')
})

test(
  'startDevice() returns when the device answers, and the device outlives the starter',
  options,
  async (t) => {
    const host = await Namespace.create('device')
    t.after(() => host.close())
    const folder = mkdtempSync(join(tmpdir(), 'warren-device-'))
    const enter = ['nsenter', `--target=${host.pid}`, '--net', '--mount', '--', resolve('bin/warren')]
    const { pid } = await startDevice({
      ...{ name: 'wg0', runDir: folder, stateDir: folder, command: enter, mtuBytes: 1400 },
    })
    t.after(() => {
      process.kill(pid, 'SIGKILL')
      rmSync(folder, { recursive: true })
    })
    const state = await new UapiClient(host.pathOf('/run/wireguard/wg0.sock')).get()
    assert.equal(state.privateKey, undefined)
    assert.ok(state.listenPort > 0)
    assert.match(await host.exec('ip link show wg0'), /mtu 1400/)
    // A session of its own: no signal to the starter's group reaches it.
    assert.equal(readFileSync(`/proc/${pid}/stat`, 'utf8').split(' ')[5], String(pid))
  },
)

test('warren device tells on SIGUSR2 what it has dropped', options, async (t) => {
  const { host, child, output } = await start(t)
  await host.exec('ip link set wg0 up')
  await host.exec('ip address add 10.9.0.1/24 dev wg0')
  await host.succeeds('ping -c 1 -W 1 10.9.0.2')
  child.kill('SIGUSR2')
  await eventually(() => output().includes('}\n'), { what: 'the counters' })
  const counters = JSON.parse(output().replace('ready\n', '')) as Record<string, number>
  assert.ok((counters['unroutable'] ?? 0) >= 1)
  assert.equal(counters['wrong-tag'], 0)
})

test('startDevice() rejects with what went wrong', options, async () => {
  const folder = mkdtempSync(join(tmpdir(), 'warren-device-'))
  const command = [resolve('bin/warren')]
  await assert.rejects(startDevice({ name: 'far-too-long-name', runDir: folder, command }), /it ended with 2/)
  assert.match(readFileSync(join(folder, 'device-far-too-long-name.log'), 'utf8'), /at most 15 bytes/)
  rmSync(folder, { recursive: true })
})

test('warren device runs for root of a user namespace', {
  ...needs({ root: true, kernel: ['userns', 'tun'], tools: ['setpriv', 'unshare'] }),
}, async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'warren-device-'))
  chmodSync(folder, 0o777)
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  const user = [
    '--reuid=65534',
    '--regid=65534',
    '--clear-groups',
    'unshare',
    '--user',
    '--map-root-user',
    '--net',
  ]
  const device = [
    resolve('bin/warren'),
    'device',
    'wg0',
    '--socket-dir',
    `${folder}/s`,
    '--state-dir',
    `${folder}/t`,
  ]
  const child = spawn('setpriv', [...user, ...device], { env: { ...process.env, HOME: folder } })
  t.after(() => child.kill('SIGKILL'))
  let output = ''
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk: Buffer) => (output += chunk.toString()))
  await eventually(() => output !== '' || child.exitCode !== null, { what: 'a word' })
  assert.equal(output, 'ready\n')
  assert.equal((await new UapiClient(`${folder}/s/wg0.sock`).get()).peers.length, 0)
})

test('warren device without privileges says which one it lacks', {
  ...needs({ root: true, tools: ['setpriv'] }),
}, async () => {
  const child = spawn(
    'setpriv',
    ['--reuid=65534', '--clear-groups', resolve('bin/warren'), 'device', 'wgx0'],
    {
      env: { ...process.env, HOME: '/nonexistent' },
    },
  )
  let trouble = ''
  child.stderr.on('data', (chunk: Buffer) => (trouble += chunk.toString()))
  assert.equal(await exitOf(child), 69)
  assert.match(trouble, /CAP_NET_ADMIN/)
})

test('warren device goes on where the handshake timestamp cannot be kept', options, async (t) => {
  const { host, child } = await start(t)
  await host.exec('rm -rf /run/state')
  const client = new UapiClient(host.pathOf('/run/wireguard/wg0.sock'))
  const peer = {
    ...{ publicKey: makeKeyPair().publicKey, endpoint: '127.0.0.1:9', allowedIPs: [] },
    persistentKeepaliveSeconds: 1,
  }
  await client.set({ privateKey: makeKeyPair().privateKey, peers: [peer] })
  // The first initiation and the one that a timer sends five seconds later.
  const sent = async () => ((await client.get()).peers[0]?.txBytes ?? 0) >= 2 * 148
  await eventually(sent, { what: 'two initiations', timeoutMs: 30_000 })
  assert.equal(child.exitCode, null)
})
