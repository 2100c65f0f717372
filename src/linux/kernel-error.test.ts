/** What a refusal of the kernel says. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { check, isKernelError, KernelError } from './kernel-error.ts'

test('a KernelError says what was tried, the code, the kernel’s words and the attribute', () => {
  const error = new KernelError('add route 10.8.2.0/24 via wg0', -17, {
    text: 'Route exists',
    attribute: 'RTA_DST',
  })
  assert.equal(
    error.message,
    'cannot add route 10.8.2.0/24 via wg0: the kernel returned EEXIST (exists already: Route exists) (at RTA_DST)',
  )
  assert.deepEqual(
    [error.code, error.errno, error.kernelText, error.attribute],
    ['EEXIST', 17, 'Route exists', 'RTA_DST'],
  )
})

test('unknown and internal error numbers have a code too', () => {
  assert.equal(new KernelError('x', 524).code, 'ENOTSUPP')
  assert.equal(new KernelError('x', 4095).code, 'E4095')
})

test('check() passes results through and throws negative ones', () => {
  assert.equal(check(7, 'x'), 7)
  assert.throws(() => check(-1, 'open it'), /^KernelError: cannot open it: the kernel returned EPERM/)
})

test('isKernelError() asks for any code or one of some', () => {
  const error = new KernelError('x', 2)
  assert.deepEqual(
    [isKernelError(error), isKernelError(error, 'EPERM', 'ENOENT'), isKernelError(error, 'EPERM')],
    [true, true, false],
  )
  assert.equal(isKernelError(new Error('ENOENT')), false)
})
