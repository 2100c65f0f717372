/** `warren generate` for real: the files of a whole /24, their keys and modes, and what a second run changes. */
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { copyFileSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'

import { parseWgConfig, type WgConfig } from '../../src/protocols/wireguard/formats/index.ts'
import { needs } from '../harness/needs.ts'
import { EXAMPLES, filesBelow, runWarren, temporaryDirectory } from './run-warren.ts'

function configs(directory: string): Record<string, WgConfig> {
  const files = Object.entries(filesBelow(directory)).filter(([path]) => path.endsWith('.conf'))
  return Object.fromEntries(
    files.map(([path, { text }]) => {
      const { config, problems } = parseWgConfig(text)
      assert.deepEqual(problems, [], path)
      return [path, config]
    }),
  )
}

test('BS-01: one file gives the hub and every peer of a /24, readable by their owner only', async (t) => {
  const directory = temporaryDirectory(t)
  copyFileSync(join(EXAMPLES, 'kubernetes-24.yaml'), join(directory, 'k.yaml'))
  const { status, stdout, stderr } = await runWarren(['generate', 'k.yaml', '--out', 'wg'], {
    cwd: directory,
  })
  assert.equal(status, 0, stderr)
  assert.match(stdout, /^wg: 254 files for 254 nodes, 254 written, 254 new keys\n$/)
  const files = filesBelow(join(directory, 'wg'))
  assert.equal(Object.keys(files).length, 255)
  assert.deepEqual([...new Set(Object.values(files).map((file) => file.mode))], [0o600])
  assert.equal(statSync(join(directory, 'wg')).mode & 0o777, 0o700)
  assert.equal(statSync(join(directory, 'wg/hub')).mode & 0o777, 0o700)
  const all = configs(join(directory, 'wg'))
  const hub = all['hub/wg0.conf']
  const peers = Object.values(all).filter((one) => one.peers.length === 1)
  assert.equal(hub?.peers.length, 253)
  assert.equal(peers.length, 253)
  assert.equal(new Set(Object.values(all).map((one) => one.interface.privateKey)).size, 254)
})

test('BS-01: a second run changes nothing, and a node more changes nobody else', async (t) => {
  const directory = temporaryDirectory(t)
  const plan = (names: readonly string[]): string => `apiVersion: warren.dev/v1alpha1
kind: WireGuardNetworkPlan
metadata: { name: home }
spec:
  cidrs: [10.9.0.0/21, "fd00:9::/48"]
  hubs: [hub]
  interface: { name: wg0 }
  nodes: [{ name: hub, endpoint: "vpn.example.net:15220" }${names.map((name) => `, { name: ${name} }`).join('')}]
`
  const generate = async (names: readonly string[]) => {
    writeFileSync(join(directory, 'home.yaml'), plan(names))
    const ended = await runWarren(['generate', 'home.yaml', '--out', 'wg', '--write'], { cwd: directory })
    assert.equal(ended.status, 0, ended.stderr)
    return {
      said: ended.stdout,
      files: filesBelow(join(directory, 'wg')),
      lock: readFileSync(join(directory, 'home.lock.yaml'), 'utf8'),
    }
  }
  const first = await generate(['m', 'z'])
  const second = await generate(['m', 'z'])
  assert.match(second.said, /3 files for 3 nodes, 0 written, no new keys/)
  assert.deepEqual([second.files, second.lock], [first.files, first.lock])
  const third = await generate(['a', 'm', 'z'])
  assert.match(third.said, /4 files for 4 nodes, 2 written, 1 new key\n/)
  assert.deepEqual(third.files['m/wg0.conf'], first.files['m/wg0.conf'])
  assert.deepEqual(third.files['z/wg0.conf'], first.files['z/wg0.conf'])
  assert.match(
    third.files['a/wg0.conf']?.text ?? '',
    /Address = 10\.9\.\d+\.\d+\/21\nAddress = fd00:9::\w+\/48\n/,
  )
})

test('BS-02: hub and peers have every field, and the public port may differ', async (t) => {
  const directory = temporaryDirectory(t)
  copyFileSync(join(EXAMPLES, 'kubernetes-24.yaml'), join(directory, 'k.yaml'))
  await runWarren(['generate', 'k.yaml', '--out', 'wg'], { cwd: directory })
  const all = configs(join(directory, 'wg'))
  const [hub, peer] = [all['hub/wg0.conf'], all['peer-7/wg0.conf']]
  assert.ok(hub && peer)
  assert.equal(hub.interface.listenPort, 51820)
  assert.match(hub.interface.addresses[0] ?? '', /^10\.6\.0\.1\/24$/)
  assert.match(hub.interface.comments.join('\n'), /^PublicKey = /m)
  assert.deepEqual([...new Set(hub.peers.map((one) => one.allowedIPs.length))], [1])
  assert.ok(hub.peers.every((one) => one.allowedIPs[0]?.endsWith('/32') && one.endpoint === undefined))
  assert.equal(hub.peers.find((one) => one.comments[0] === 'peer-7')?.allowedIPs[0], '10.6.0.7/32')
  const [toHub] = peer.peers
  assert.deepEqual(peer.interface.addresses, ['10.6.0.7/24'])
  assert.deepEqual(toHub?.allowedIPs, ['10.6.0.0/24'])
  assert.equal(toHub?.persistentKeepaliveSeconds, 25)
  assert.notEqual(toHub?.endpoint?.port, hub.interface.listenPort)
  assert.equal(`PublicKey = ${toHub?.publicKey}`, hub.interface.comments[1])
})

test('HC-01: one inventory gives the hub, its forwarding there and back, and spokes that name the hub', async (t) => {
  const directory = temporaryDirectory(t)
  copyFileSync(join(EXAMPLES, 'homelab.yaml'), join(directory, 'home.yaml'))
  await runWarren(['generate', 'home.yaml', '--out', 'wg'], { cwd: directory })
  const all = configs(join(directory, 'wg'))
  const hub = all['phy01/wg0.conf']
  assert.deepEqual(
    hub?.peers.map((one) => one.comments[0]),
    ['black-intel', 'k3s', 'lenovo-laptop', 'rpi4', 'white-amd'],
  )
  const added = hub?.interface.postUp.filter((command) => command.includes(' -I FORWARD ')) ?? []
  assert.equal(added.length, 2)
  assert.deepEqual(
    added.map((command) => command.replace(' -I ', ' -D ')),
    hub?.interface.postDown,
  )
  for (const [path, config] of Object.entries(all)) {
    if (config === hub) continue
    assert.deepEqual(
      config.peers.map((one) => one.comments),
      [['phy01']],
      path,
    )
    assert.deepEqual(config.interface.postUp, [], path)
  }
})

test(
  'wg and wg-quick accept every file that the examples give',
  needs({ root: true, tools: ['wg', 'wg-quick'] }),
  async (t) => {
    const directory = temporaryDirectory(t)
    for (const example of ['homelab', 'mesh-dual-stack', 'two-nodes']) {
      const { status, stderr } = await runWarren(
        ['generate', join(EXAMPLES, `${example}.yaml`), '--out', example],
        { cwd: directory },
      )
      assert.equal(status, 0, stderr)
    }
    for (const [path, { text }] of Object.entries(filesBelow(directory))) {
      if (!path.endsWith('.conf')) continue
      const stripped = execFileSync('wg-quick', ['strip', join(directory, path)], { encoding: 'utf8' })
      assert.match(stripped, /^\[Interface\]/)
      const publicKey = /^# PublicKey = (\S+)$/m.exec(text)?.[1]
      const privateKey = /^PrivateKey = (\S+)$/m.exec(text)?.[1]
      const derived = execFileSync('wg', ['pubkey'], { encoding: 'utf8', input: privateKey ?? '' }).trim()
      assert.equal(derived, publicKey, path)
    }
  },
)

test('a phone gets its file alone, as a QR code too, and its private half goes nowhere else', async (t) => {
  const directory = temporaryDirectory(t)
  writeFileSync(
    join(directory, 'home.yaml'),
    `apiVersion: warren.dev/v1alpha1
kind: WireGuardNetworkPlan
metadata: { name: home }
spec:
  cidrs: [10.0.0.0/24]
  hubs: [hub]
  nodes:
  - { name: hub, endpoint: "hub.example.net:51820", publicKey: yAnz5TF+lXXJte14tji3zlMNq+hd2rYUIgJBgB3fBmk= }
  - { name: phone, agent: false }
  - { name: other }
`,
  )
  const { status, stdout, stderr } = await runWarren(
    ['generate', 'home.yaml', '--out', 'wg', '--peer', 'phone', '--qr', '--write'],
    { cwd: directory },
  )
  assert.equal(status, 0, stderr)
  assert.match(stdout, /^[█▀▄ \n]+$/)
  const [config] = Object.values(configs(join(directory, 'wg')))
  const { privateKey = '' } = config?.interface ?? {}
  assert.deepEqual(
    config?.peers.map((one) => one.comments),
    [['hub']],
  )
  const lock = readFileSync(join(directory, 'home.lock.yaml'), 'utf8')
  const publicKey = config?.interface.comments[1]?.slice('PublicKey = '.length) ?? ''
  assert.ok(lock.includes(publicKey) && !lock.includes(privateKey))
  assert.ok(!stderr.includes(privateKey) && !stdout.includes(privateKey))
  assert.match(lock, /other/)
  assert.equal(lock.match(/publicKey/g)?.length, 2)
})

test('a damaged file of private keys is refused, not replaced', async (t) => {
  const directory = temporaryDirectory(t)
  copyFileSync(join(EXAMPLES, 'two-nodes.yaml'), join(directory, 'two.yaml'))
  await runWarren(['generate', 'two.yaml', '--out', 'wg'], { cwd: directory })
  const file = join(directory, 'wg/private-keys.yaml')
  writeFileSync(file, readFileSync(file, 'utf8').replace('=', ''))
  const before = filesBelow(directory)
  const { status, stderr } = await runWarren(['generate', 'two.yaml', '--out', 'wg'], { cwd: directory })
  assert.equal(status, 2)
  assert.match(stderr, /private-keys\.yaml:3:1: error: .*\[InvalidKey\]/)
  assert.deepEqual(filesBelow(directory), before)
})

test('a node may be called constructor: planned, kept in the lock and generated like any other', async (t) => {
  const directory = temporaryDirectory(t)
  const plan = `
apiVersion: warren.dev/v1alpha1
kind: WireGuardNetworkPlan
metadata: { name: home }
spec:
  cidrs: [10.0.0.0/24]
  nodes:
  - { name: constructor, endpoint: "192.0.2.1" }
  - { name: b }
`
  writeFileSync(join(directory, 'p.yaml'), plan)
  for (const args of [
    ['plan', 'p.yaml', '--write'],
    ['generate', 'p.yaml', '--out', 'wg', '--write'],
  ]) {
    const { status, stderr } = await runWarren(args, { cwd: directory })
    assert.equal(status, 0, stderr)
  }
  const all = configs(join(directory, 'wg'))
  assert.deepEqual(Object.keys(all).toSorted(), ['b/wg-home.conf', 'constructor/wg-home.conf'])
  assert.deepEqual(
    Object.values(all).map((one) => one.peers.length),
    [1, 1],
  )
})
