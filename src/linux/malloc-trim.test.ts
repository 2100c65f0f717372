/** That the call is bound and harmless; what it gives back is the C library's affair. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { trimMalloc } from './malloc-trim.ts'

test('trimMalloc() can be called, with glibc and without, again and again', () => {
  assert.doesNotThrow(() => {
    trimMalloc()
    trimMalloc()
  })
})
