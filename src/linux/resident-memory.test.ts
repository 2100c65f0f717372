/** What may be given back, and that a process which gave it back goes on. */
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { cleanFileMappings, forgetFilePages, trimMalloc } from './resident-memory.ts'

interface Sample {
  readonly permissions?: string
  readonly path?: string
  readonly rss?: number
  readonly anonymous?: number
  readonly swap?: number | undefined
}

const mapping = (o: Sample): string =>
  [
    `00400000-00480000 ${o.permissions ?? 'r-xp'} 00010000 fe:01 4711                       ${o.path ?? '/usr/bin/node'}`,
    'Size:                512 kB',
    `Rss:                 ${o.rss ?? 256} kB`,
    'Pss:                 256 kB',
    `Anonymous:             ${o.anonymous ?? 0} kB`,
    'AnonHugePages:         0 kB',
    ...('swap' in o && o.swap === undefined ? [] : [`Swap:                  ${o.swap ?? 0} kB`]),
    'SwapPss:               0 kB',
    'VmFlags: rd ex mr mw me',
    '',
  ].join('\n')

test('pages of a program that nobody wrote to may go', () => {
  const other = mapping({ permissions: 'rw-p' }).replace('00400000-00480000', '7f0000000000-7f0000080000')
  const text = other + mapping({}) + mapping({ permissions: 'r--p', path: '/lib/with space.so' })
  const expected = { address: 0x40_0000, length: 0x8_0000 }
  assert.deepEqual(cleanFileMappings(text), [expected, expected])
})

test('a mapping with one private page stays, in memory or swapped out or untold', () => {
  assert.deepEqual(cleanFileMappings(mapping({ anonymous: 4 })), [])
  assert.deepEqual(cleanFileMappings(mapping({ swap: 4 })), [])
  assert.deepEqual(cleanFileMappings(mapping({ swap: undefined })), [])
})

test('what can be written, is shared, is no file on disk or is not there stays', () => {
  for (const permissions of ['rw-p', 'rwxp', 'r--s', '---p'])
    assert.deepEqual(cleanFileMappings(mapping({ permissions })), [], permissions)
  for (const path of ['', '[vdso]', '/dev/zero', '/memfd:code (deleted)', '/proc/1/mem'])
    assert.deepEqual(cleanFileMappings(mapping({ path: path === '' ? ' ' : path })), [], path)
  assert.deepEqual(cleanFileMappings(mapping({ rss: 0 })), [])
  assert.deepEqual(cleanFileMappings('nonsense\n'), [])
})

test('a process that let go of its own program holds less and computes the same', () => {
  const work = () =>
    createHash('sha256')
      .update(JSON.stringify(Object.keys(process.versions)))
      .digest('hex')
  const before = { digest: work(), fileKilobytes: residentFileKilobytes() }
  assert.ok(forgetFilePages() > 1_000_000)
  trimMalloc()
  assert.ok(residentFileKilobytes() < before.fileKilobytes)
  assert.equal(work(), before.digest)
})

const residentFileKilobytes = (): number =>
  Number(/^RssFile:\s+(\d+) kB$/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1])
