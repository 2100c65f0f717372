/** When memory is given back, with a clock and a load of our own. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { QUIET_MS, QuietMemory, WORTH_MS } from './quiet-memory.ts'

function start() {
  const world = { activeMs: 300, given: 0, look: (): void => {}, closed: 0 }
  const memory = new QuietMemory({
    activeMs: () => world.activeMs,
    giveBack: () => {
      world.given++
      // A collection is work, too.
      world.activeMs += WORTH_MS / 2
    },
    after: (_, run) => {
      world.look = run
      return { close: () => world.closed++ }
    },
  })
  const look = (workMs: number): number => {
    world.activeMs += workMs
    world.look()
    return world.given
  }
  return { world, memory, look }
}

test('what a start needed is given back once it has been quiet, and then nothing more', () => {
  const { look } = start()
  assert.equal(look(0), 0)
  assert.equal(look(0), 1)
  for (let count = 0; count < 10; count++) assert.equal(look(QUIET_MS / 10), 1)
})

test('nothing is given back while there is work', () => {
  const { look } = start()
  for (let count = 0; count < 50; count++) assert.equal(look(count % 2 === 0 ? WORTH_MS : 0), 0)
})

test('memory is given back once after each time of work, and not after little', () => {
  const { look } = start()
  for (let count = 0; count < 3; count++) look(0)
  look(WORTH_MS)
  assert.equal(look(0), 1)
  assert.equal(look(0), 2)
  look(QUIET_MS * 2)
  for (let count = 0; count < 3; count++) assert.equal(look(0), 2)
})

test('closed, it looks no more', () => {
  const { world, memory } = start()
  memory.close()
  assert.equal(world.closed, 1)
})
