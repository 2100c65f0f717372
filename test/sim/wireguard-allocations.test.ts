/** The hot path allocates nothing: measured, because one boxed number more goes unseen in review. */
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { test } from 'node:test'

function bytesPerPacket(...options: readonly string[]): number {
  const script = fileURLToPath(new URL('wireguard-allocations.ts', import.meta.url))
  const young = [
    '--min-semi-space-size=256',
    '--max-semi-space-size=256',
    '--disable-warning=ExperimentalWarning',
  ]
  const text = execFileSync(process.execPath, [...young, script, ...options], { encoding: 'utf8' })
  return (JSON.parse(text) as { bytesPerPacket: number }).bytesPerPacket
}

test('sealing and receiving a packet allocate nothing', () => {
  assert.ok(bytesPerPacket() < 1, `${bytesPerPacket()} bytes a packet`)
})

test('one small object a packet would be noticed', () => {
  assert.ok(bytesPerPacket('--leak') > 10)
})
