/** Lines of the log: whatever stands in a field, it is one line, and no terminal obeys it. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createLogger } from './log.ts'

function linesOf(format: 'text' | 'json', fields: Readonly<Record<string, unknown>>): string[] {
  const lines: string[] = []
  createLogger({ format, level: 'info', write: (line) => lines.push(line), now: () => 0 }).warn('odd', fields)
  return lines
}

// ESC, the one-byte CSI, DEL, a line separator, one that turns the direction, and one beyond 16 bits.
const HOSTILE = '\u001b[2J\u009b31m\u007f\u2028\u202e\u{e0001}\nwarn  forged'

test('control characters in a field are escaped in both formats, and JSON means the same', () => {
  for (const format of ['text', 'json'] as const) {
    const [line = '', ...more] = linesOf(format, { name: HOSTILE, list: [HOSTILE] })
    assert.deepEqual(more, [])
    assert.match(line, /^[^\p{C}\p{Zl}\p{Zp}]*\n$/u)
    if (format === 'json') assert.equal((JSON.parse(line) as { name: string }).name, HOSTILE)
  }
})

test('what is plain stays as it is', () => {
  assert.match(
    linesOf('text', { host: 'db.internal:5432', name: 'Größe' })[0] ?? '',
    /host=db\.internal:5432 name="Größe"\n$/,
  )
})
