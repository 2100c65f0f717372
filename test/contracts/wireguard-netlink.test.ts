/**
 * The contract of WireGuardNetlink, held against the kernel in memory and a real one that has WireGuard (in the VM
 * where the host has none). Keys are compared by bytes; allowed IPs as sets, because the kernel keeps its own order.
 */
import assert from 'node:assert/strict'
import { createPrivateKey, createPublicKey } from 'node:crypto'
import { test, type TestContext } from 'node:test'
import { type WgDevice, type WgPeer, WireGuardNetlink } from '../../src/linux/index.ts'
import { type World, worlds } from './linux-worlds.ts'

const key = (fill: number): Uint8Array => new Uint8Array(32).fill(fill)

/** A key that nobody else in a test has. */
const numbered = (number: number): Uint8Array => {
  const bytes = new Uint8Array(32).fill(7)
  new DataView(bytes.buffer).setUint32(0, number)
  return bytes
}

const publicKeyOf = (privateKey: Uint8Array): Uint8Array => {
  const der = Buffer.concat([Buffer.from('302e020100300506032b656e04220420', 'hex'), privateKey])
  const { x = '' } = createPublicKey(createPrivateKey({ key: der, format: 'der', type: 'pkcs8' })).export({
    format: 'jwk',
  })
  return new Uint8Array(Buffer.from(x, 'base64url'))
}

const hex = (bytes: Uint8Array | undefined): string | undefined => bytes && Buffer.from(bytes).toString('hex')

const opened = (t: TestContext, world: World, link = 'wg0') => {
  const wireguard = WireGuardNetlink.open(world.sys, { netns: world.netns })
  assert.ok(wireguard, 'the kernel has the wireguard family')
  t.after(() => wireguard.close())
  world.route.addLink({ name: link, kind: 'wireguard' })
  const device = (): WgDevice => {
    const found = wireguard.getDevice(link)
    assert.ok(found)
    return found
  }
  const peer = (publicKey: Uint8Array): WgPeer | undefined =>
    device().peers.find((candidate) => hex(candidate.publicKey) === hex(publicKey))
  return { wireguard, device, peer }
}

for (const { name, options, open } of worlds(['wireguard'])) {
  test(`${name}: a new interface has no keys, no peers and no mark`, options, (t) => {
    const world = open(t)
    const { device } = opened(t, world)
    const { index, privateKey, publicKey, listenPort, fwmark, peers } = device()
    assert.deepEqual([privateKey, publicKey, listenPort, fwmark, peers], [undefined, undefined, 0, 0, []])
    assert.equal(index, world.route.indexOf('wg0'))
  })

  test(`${name}: a link that is missing or of another kind is undefined`, options, (t) => {
    const world = open(t)
    const { wireguard } = opened(t, world)
    assert.equal(wireguard.getDevice('nope'), undefined)
    assert.equal(wireguard.getDevice('lo'), undefined)
    assert.throws(
      () => wireguard.setDevice('nope', { fwmark: 1 }),
      /cannot set WireGuard interface nope: .*ENODEV/,
    )
  })

  test(`${name}: the private key gives the public key, and zeros take it away`, options, (t) => {
    const { wireguard, device } = opened(t, open(t))
    const privateKey = key(0x48)
    wireguard.setDevice('wg0', { privateKey, listenPort: 51820, fwmark: 0xca6c })
    const got = device()
    assert.deepEqual([got.listenPort, got.fwmark], [51820, 0xca6c])
    assert.equal(hex(got.privateKey), hex(privateKey))
    assert.equal(hex(got.publicKey), hex(publicKeyOf(privateKey)))
    wireguard.setDevice('wg0', { privateKey: key(0), fwmark: 0 })
    assert.deepEqual([device().privateKey, device().fwmark], [undefined, 0])
  })

  test(
    `${name}: a peer comes back with its endpoint, keepalive, preshared key and allowed IPs`,
    options,
    (t) => {
      const { wireguard, peer } = opened(t, open(t))
      wireguard.setDevice('wg0', {
        peers: [
          {
            publicKey: key(1),
            presharedKey: key(9),
            endpoint: { address: '192.0.2.1', port: 51820 },
            persistentKeepaliveSeconds: 25,
            allowedIPs: ['10.0.0.0/24', 'fd00::/64'],
          },
          {
            publicKey: key(2),
            endpoint: { address: '2001:db8::1', port: 1 },
            allowedIPs: ['0.0.0.0/0', '::/0'],
          },
        ],
      })
      const first = peer(key(1))
      assert.deepEqual(
        [first?.endpoint, first?.persistentKeepaliveSeconds],
        [{ address: '192.0.2.1', port: 51820 }, 25],
      )
      assert.equal(hex(first?.presharedKey), hex(key(9)))
      assert.deepEqual(new Set(first?.allowedIPs), new Set(['10.0.0.0/24', 'fd00::/64']))
      assert.deepEqual([first?.lastHandshakeMs, first?.rxBytes, first?.txBytes], [undefined, 0, 0])
      const second = peer(key(2))
      assert.deepEqual(
        [second?.endpoint, second?.presharedKey],
        [{ address: '2001:db8::1', port: 1 }, undefined],
      )
      assert.deepEqual(new Set(second?.allowedIPs), new Set(['0.0.0.0/0', '::/0']))
      wireguard.setDevice('wg0', {
        peers: [{ publicKey: key(1), presharedKey: key(0), persistentKeepaliveSeconds: 0 }],
      })
      assert.deepEqual([peer(key(1))?.presharedKey, peer(key(1))?.persistentKeepaliveSeconds], [undefined, 0])
      assert.deepEqual(peer(key(1))?.endpoint, { address: '192.0.2.1', port: 51820 })
    },
  )

  test(`${name}: allowed IPs are added, replaced, and belong to one peer`, options, (t) => {
    const { wireguard, peer } = opened(t, open(t))
    wireguard.setDevice('wg0', {
      peers: [{ publicKey: key(1), allowedIPs: ['10.0.0.0/24'] }, { publicKey: key(2) }],
    })
    wireguard.setDevice('wg0', { peers: [{ publicKey: key(1), allowedIPs: ['10.0.1.0/24'] }] })
    assert.deepEqual(new Set(peer(key(1))?.allowedIPs), new Set(['10.0.0.0/24', '10.0.1.0/24']))
    wireguard.setDevice('wg0', {
      peers: [{ publicKey: key(1), replaceAllowedIPs: true, allowedIPs: ['10.0.2.0/24', '10.0.3.0/24'] }],
    })
    wireguard.setDevice('wg0', { peers: [{ publicKey: key(2), allowedIPs: ['10.0.3.0/24'] }] })
    assert.deepEqual([peer(key(1))?.allowedIPs, peer(key(2))?.allowedIPs], [['10.0.2.0/24'], ['10.0.3.0/24']])
  })

  test(`${name}: peers are removed, updated only if there, and replaced as a whole`, options, (t) => {
    const { wireguard, device, peer } = opened(t, open(t))
    wireguard.setDevice('wg0', { peers: [{ publicKey: key(1) }, { publicKey: key(2) }] })
    wireguard.setDevice('wg0', {
      peers: [
        { publicKey: key(1), remove: true, allowedIPs: ['10.0.0.0/24'] },
        { publicKey: key(3), updateOnly: true, persistentKeepaliveSeconds: 5 },
        { publicKey: key(4), remove: true },
      ],
    })
    assert.deepEqual(
      device().peers.map(({ publicKey }) => hex(publicKey)),
      [hex(key(2))],
    )
    wireguard.setDevice('wg0', { replacePeers: true, peers: [{ publicKey: key(5) }] })
    assert.deepEqual([device().peers.length, hex(peer(key(5))?.publicKey)], [1, hex(key(5))])
  })

  test(`${name}: a peer with thousands of allowed IPs is set and read in parts`, options, (t) => {
    const { wireguard, device, peer } = opened(t, open(t))
    const networks = (from: number, count: number): string[] =>
      Array.from({ length: count }, (_, index) => `10.${(from + index) >> 8}.${(from + index) & 255}.0/24`)
    wireguard.setDevice('wg0', { peers: [{ publicKey: key(1), allowedIPs: ['192.0.2.0/24'] }] })
    wireguard.setDevice('wg0', {
      peers: [
        { publicKey: key(1), replaceAllowedIPs: true, allowedIPs: networks(0, 3000) },
        { publicKey: key(2), replaceAllowedIPs: true, allowedIPs: networks(3000, 2000) },
        { publicKey: key(3) },
      ],
    })
    assert.equal(device().peers.length, 3)
    assert.deepEqual(new Set(peer(key(1))?.allowedIPs), new Set(networks(0, 3000)))
    assert.deepEqual(new Set(peer(key(2))?.allowedIPs), new Set(networks(3000, 2000)))
  })

  test(`${name}: a thousand peers replace a thousand others`, options, (t) => {
    const { wireguard, device } = opened(t, open(t))
    const peers = (from: number) =>
      Array.from({ length: 1000 }, (_, index) => ({
        publicKey: numbered(from + index),
        endpoint: { address: `2001:db8::${(index + 1).toString(16)}`, port: 51820 },
        allowedIPs: [`fd00::${(from + index).toString(16)}/128`],
      }))
    wireguard.setDevice('wg0', { peers: peers(1) })
    wireguard.setDevice('wg0', { replacePeers: true, peers: peers(5001) })
    const got = new Map(device().peers.map((peer) => [hex(peer.publicKey), peer]))
    assert.equal(got.size, 1000)
    for (const { publicKey, endpoint, allowedIPs } of peers(5001)) {
      const found = got.get(hex(publicKey))
      assert.deepEqual([found?.endpoint, found?.allowedIPs], [endpoint, allowedIPs])
    }
  })
}
