/** needs(): a skip names everything that is missing, and strictness turns it into an error. */
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { test } from 'node:test'
import { needs } from './needs.ts'
import { findTool } from './tools.ts'

test('needs() of nothing leaves the test alone', () => {
  assert.deepEqual(needs({}), {})
})

test('needs() finds a tool that every Unix has', () => {
  assert.deepEqual(needs({ tools: ['sh'] }), {})
})

test('needs() names each missing thing in the reason for the skip', () => {
  assert.deepEqual(needs({ tools: ['no-such-tool-a', 'sh', 'no-such-tool-b'] }), {
    skip: 'needs tool no-such-tool-a, tool no-such-tool-b',
  })
})

test('findTool() does not take a folder or a plain file for a program', () => {
  assert.equal(findTool('passwd.5.gz'), undefined)
  assert.equal(findTool('..'), undefined)
})

test('needs() believes the kernel features that the runner handed down', () => {
  assert.equal(elsewhere('{"wireguard":true,"dummy":false}', ''), '{"skip":"needs kernel dummy"}')
})

test('needs() throws what is missing when WARREN_NEEDS_STRICT is set', () => {
  assert.match(
    elsewhere('{"wireguard":true,"dummy":false}', '1'),
    /needs kernel dummy, and WARREN_NEEDS_STRICT/,
  )
})

function elsewhere(features: string, strict: string): string {
  const program = `import { needs } from ${JSON.stringify(new URL('needs.ts', import.meta.url).href)}
    try { console.log(JSON.stringify(needs({ kernel: ['wireguard', 'dummy'] }))) } catch (e) { console.log(e.message) }`
  const env = { ...process.env, WARREN_KERNEL_FEATURES: features, WARREN_NEEDS_STRICT: strict }
  return execFileSync(process.execPath, ['--input-type=module-typescript', '-e', program], { env })
    .toString()
    .trim()
}
