/** What one agent puts into containers, the next one knows. */
import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { birthNameOf } from '../../model/index.ts'
import type { ContainerRef, Step } from '../../model/index.ts'
import { ContainerRecord } from './container-record.ts'

const WEB: ContainerRef = { kind: 'docker', name: 'web' }
const DB: ContainerRef = { kind: 'containerd', id: '3f2a', namespace: 'k8s.io' }

const STEPS: readonly Step[] = [
  { kind: 'link-add', link: 'v1', type: 'veth', settings: {}, peer: { link: 'eth0', in: DB } },
  { in: WEB, kind: 'link-create', link: 'wg0', backend: 'kernel', mtuBytes: 1420 },
]

const setUp = async (t: {
  after(f: () => void): void
}): Promise<{ dir: string; next: () => Promise<ContainerRecord> }> => {
  const dir = mkdtempSync(join(tmpdir(), 'warren-record-'))
  t.after(() => rmSync(dir, { recursive: true }))
  const next = async (): Promise<ContainerRecord> => {
    const record = new ContainerRecord(dir)
    await record.load()
    return record
  }
  await (await next()).note(STEPS)
  return { dir, next }
}

test('the next agent knows in which containers something may be, and what WireGuard was born as', async (t) => {
  const { dir, next } = await setUp(t)
  const record = await next()
  assert.deepEqual(
    [...record.containers].toSorted((a, b) => (a.kind < b.kind ? -1 : 1)),
    [DB, WEB],
  )
  assert.equal(record.isBirth(birthNameOf('wg0@docker:web')), true)
  assert.equal(record.isBirth('wg0'), false)
  assert.equal(statSync(join(dir, 'containers.json')).mode & 0o777, 0o600)
})

test('what is clean is forgotten, on disk only when that is asked for', async (t) => {
  const { dir, next } = await setUp(t)
  const record = await next()
  const before = readFileSync(join(dir, 'containers.json'), 'utf8')
  record.forget('docker:web')
  assert.equal(readFileSync(join(dir, 'containers.json'), 'utf8'), before)
  assert.equal(record.isBirth(birthNameOf('wg0@docker:web')), false)
  await record.keep()
  assert.deepEqual((await next()).containers, [DB])
})

test('a damaged record is no record, and entries that make no sense are left out', async (t) => {
  const { dir, next } = await setUp(t)
  for (const text of ['{', '[1, {}, { "container": { "kind": "docker" } }]', '{"a": 1}']) {
    writeFileSync(join(dir, 'containers.json'), text)
    assert.deepEqual((await next()).containers, [], text)
  }
})
