/** The ring of records against a plain list. */
import * as fc from 'fast-check'
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { LOST, RETRANSMITTED, SACKED, SentSegments } from './sent-segments.ts'

const step = fc.oneof(
  { weight: 5, arbitrary: fc.constant({ do: 'push' as const }) },
  { weight: 3, arbitrary: fc.constant({ do: 'drop' as const }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('split' as const), at: fc.nat() }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('again' as const), at: fc.nat() }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('flag' as const), at: fc.nat() }) },
)

test('records are those of a list, however they wrap around and grow', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 400 }), (steps) => {
      const sent = new SentSegments()
      const model: { end: number; at: number; flags: number }[] = []
      let now = 0
      for (const one of steps) {
        now += 1
        const index = 'at' in one && model.length > 0 ? one.at % model.length : 0
        if (one.do === 'push') {
          sent.push(now * 100, now)
          model.push({ end: now * 100, at: now, flags: 0 })
        } else if (model.length === 0) {
          continue
        } else if (one.do === 'drop') {
          sent.dropFirst()
          model.shift()
        } else if (one.do === 'split') {
          sent.split(index, model[index]!.end - 1)
          model.splice(index, 0, { ...model[index]!, end: model[index]!.end - 1 })
        } else if (one.do === 'again') {
          sent.sentAgain(index, now)
          const flags = (model[index]!.flags & ~LOST) | RETRANSMITTED
          model[index] = { ...model[index]!, at: now, flags }
        } else {
          sent.setFlags(index, SACKED | LOST)
          model[index] = { ...model[index]!, flags: SACKED | LOST }
        }
        assert.equal(sent.count, model.length)
      }
      const seen = model.map((_, index) => ({
        end: sent.end(index),
        at: sent.sentAt(index),
        flags: sent.flags(index),
      }))
      assert.deepEqual(seen, model)
    }),
  )
})
