/** The plain engine loads no native code, watched from outside: dlopen is refused, and the process map is looked at. */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { test } from 'node:test'

const PROGRAM = `
  import { readFileSync } from 'node:fs'
  const refused = []
  process.dlopen = (_module, file) => { refused.push(file); throw new Error('native code is off') }
  const { openEngine } = await import(${JSON.stringify(import.meta.resolve('../index.ts'))})
  const kind = process.argv[1]
  const fallbacks = []
  const engine = openEngine({ ...(kind === 'any' ? {} : { kind }), onFallback: ({ message }) => fallbacks.push(message) })
  const { port } = await engine.listen({ address: '127.0.0.1', port: 0, onConnection: (stream) => {
    stream.onProgress = () => { while (stream.readableBytes > 0) stream.consume(stream.write(stream.peek())) }
  } })
  const client = engine.connect({ address: '127.0.0.1', port })
  client.onProgress = () => {
    if (client.state === 'open' && client.pendingBytes === 0 && client.readableBytes === 0) client.write(Uint8Array.of(1))
    if (client.readableBytes === 0) return
    const maps = readFileSync('/proc/self/maps', 'utf8')
    console.log(JSON.stringify({ kind: engine.kind, refused: refused.length, mapped: /koffi|\\.node\\b/.test(maps), fallbacks: fallbacks.length }))
    process.exit(0)
  }
`

const run = (kind: 'plain' | 'any'): unknown => {
  const { stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', PROGRAM, kind], {
    encoding: 'utf8',
    timeout: 30_000,
  })
  assert.equal(stderr, '')
  return JSON.parse(stdout)
}

test('the plain engine serves a connection without asking for native code', () => {
  assert.deepEqual(run('plain'), { kind: 'plain', refused: 0, mapped: false, fallbacks: 0 })
})

test('where native code does not load, the plain engine takes over and says why', () => {
  const { kind, mapped, fallbacks } = run('any') as Record<string, unknown>
  assert.deepEqual({ kind, mapped, fallbacks }, { kind: 'plain', mapped: false, fallbacks: 1 })
})
