/** Path MTUs: never above the link's, never raised, bounded in number, forgotten after their time. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { MAX_PATHS, PATH_MTU_AGE_MS, PathMtus } from './path-mtu.ts'

const address = (index: number): Uint8Array => Uint8Array.of(10, 1, index >> 8, index & 0xff)

test('a path is never larger than the link, also when the link shrinks', () => {
  const paths = new PathMtus(9_000)
  paths.lower(address(1), 1_400, 0)
  assert.equal(paths.get(address(1), 0), 1_400)
  paths.linkMtuBytes = 1_280
  assert.equal(paths.get(address(1), 0), 1_280)
  paths.linkMtuBytes = 9_000
  paths.lower(address(1), 8_000, 0)
  assert.equal(paths.get(address(1), 0), 1_400)
})

test('a path is forgotten after ten minutes', () => {
  const paths = new PathMtus(9_000)
  paths.lower(address(1), 1_400, 0)
  assert.equal(paths.get(address(1), PATH_MTU_AGE_MS - 1), 1_400)
  assert.equal(paths.get(address(1), PATH_MTU_AGE_MS), 9_000)
})

test('so many paths are remembered; the oldest gives way', () => {
  const paths = new PathMtus(9_000)
  for (let index = 0; index <= MAX_PATHS; index++) paths.lower(address(index), 1_400, 0)
  assert.equal(paths.get(address(0), 0), 9_000)
  assert.equal(paths.get(address(1), 0), 1_400)
  assert.equal(paths.get(address(MAX_PATHS), 0), 1_400)
})

test('plateaus go down to the least of each family', () => {
  const paths = new PathMtus(20_000)
  const inet6 = new Uint8Array(16).fill(3)
  const seen: number[] = []
  for (let index = 0; index < 7; index++) {
    paths.lower(inet6, 0, 0)
    seen.push(paths.get(inet6, 0))
  }
  assert.deepEqual(seen, [17_914, 8_166, 4_352, 2_002, 1_492, 1_280, 1_280])
})
