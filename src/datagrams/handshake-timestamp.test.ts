/** The handshake timestamp on disk, and that it never goes back. */
import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { nodeAead, WireGuardDevice } from '../protocols/wireguard/index.ts'
import { UdpEndpoint } from '../datagrams/index.ts'
import { HandshakeTimestampFile } from './handshake-timestamp.ts'

function folder(t: TestContext): string {
  const path = mkdtempSync(join(tmpdir(), 'warren-timestamp-'))
  t.after(() => rmSync(path, { recursive: true }))
  return join(path, 'state')
}

test('what was saved is there for the next process, in a private folder', (t) => {
  const path = folder(t)
  assert.equal(new HandshakeTimestampFile(path, 'wg0').saved, undefined)
  new HandshakeTimestampFile(path, 'wg0').save('40000000aabbccdd00000000')
  assert.equal(new HandshakeTimestampFile(path, 'wg0').saved, '40000000aabbccdd00000000')
  assert.equal(new HandshakeTimestampFile(path, 'wg1').saved, undefined)
  assert.equal(statSync(path).mode & 0o777, 0o700)
  assert.equal(readFileSync(join(path, 'wg0.handshake-timestamp'), 'utf8'), '40000000aabbccdd00000000\n')
})

test('a device that starts again in 1970 initiates with a later timestamp than before', (t) => {
  const path = folder(t)
  const initiate = (wallClockMs: number): string => {
    const file = new HandshakeTimestampFile(path, 'wg0')
    const device = new WireGuardDevice({
      aead: nodeAead,
      random: (length) => new Uint8Array(length).fill(5),
      wallClockMs: () => wallClockMs,
      mtuBytes: 1420,
      ...(file.saved === undefined ? {} : { handshakeTimestamp: file.saved }),
    })
    const endpoint = new UdpEndpoint({ address: '192.0.2.1', port: 1 })
    const publicKey = Buffer.alloc(32, 9).toString('base64')
    const privateKey = Buffer.alloc(32, 3).toString('base64')
    device.configure({ privateKey, peers: [{ publicKey, endpoint, persistentKeepaliveSeconds: 25 }] }, 0)
    assert.equal(device.takeOutputs().length, 1)
    file.save(device.handshakeTimestamp)
    return device.handshakeTimestamp
  }
  const before = initiate(1_790_000_000_000)
  const after = initiate(0)
  assert.ok(after > before, `${after} after ${before}`)
})
