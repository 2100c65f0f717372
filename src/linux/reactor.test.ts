/** Many descriptors in one epoll, with eventfds for descriptors. */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { test, type TestContext } from 'node:test'
import { setImmediate as immediate } from 'node:timers/promises'
import { eventually } from '../../test/harness/eventually.ts'
import { loadSyscalls } from './koffi-syscalls.ts'
import { EPOLLIN, EPOLLOUT, Reactor } from './reactor.ts'
import { EFD_CLOEXEC, EFD_NONBLOCK } from './uapi/index.ts'

const sys = loadSyscalls()

const open = (t: TestContext): Reactor => {
  const reactor = new Reactor()
  t.after(() => reactor.close())
  return reactor
}

const eventfd = (t: TestContext, fd = sys.eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)) => {
  assert.ok(fd >= 0)
  t.after(() => sys.close(fd))
  return { fd, signal: () => sys.write(fd, new Uint8Array(BigUint64Array.of(1n).buffer)) }
}

test('Reactor tells of more descriptors than one call takes, each once per change', async (t) => {
  const reactor = open(t)
  const many = Array.from({ length: 600 }, () => eventfd(t))
  const told = new Map<number, number>()
  for (const { fd } of many) {
    reactor.watch(fd, (events) => events & EPOLLIN && told.set(fd, (told.get(fd) ?? 0) + 1))
  }
  for (const { signal } of many) signal()
  await eventually(() => told.size === many.length)
  await immediate()
  assert.deepEqual([...new Set(told.values())], [1])
  many[7]?.signal()
  await eventually(() => told.get(many[7]?.fd ?? -1) === 2)
})

test('Reactor tells again and of nothing else where it is asked to be level-triggered', async (t) => {
  const reactor = open(t)
  const { fd, signal } = eventfd(t)
  const told: number[] = []
  reactor.watch(fd, (events) => told.push(events), EPOLLIN)
  signal()
  await eventually(() => told.length >= 3)
  sys.read(fd, new Uint8Array(8))
  await immediate()
  const { length } = told
  await immediate()
  assert.equal(told.length, length)
  assert.deepEqual([...new Set(told)], [EPOLLIN])
})

test('Reactor runs what was put off to the end of the turn once, after all events, until nothing is left', async (t) => {
  const reactor = open(t)
  const order: string[] = []
  const pair = [eventfd(t), eventfd(t)]
  for (const { fd } of pair) {
    reactor.watch(fd, (events) => {
      if ((events & EPOLLIN) === 0) return
      order.push('event')
      reactor.atEndOfTurn(() => {
        order.push('end')
        reactor.atEndOfTurn(() => order.push('end of the end'))
      })
    })
  }
  await immediate()
  for (const { signal } of pair) signal()
  await eventually(() => order.length === 6)
  assert.deepEqual(order, ['event', 'event', 'end', 'end', 'end of the end', 'end of the end'])
})

test('Reactor.atEndOfTurn() outside a turn makes one', async (t) => {
  const reactor = open(t)
  const order: string[] = []
  reactor.atEndOfTurn(() => {
    order.push('first')
    reactor.atEndOfTurn(() => order.push('third'))
  })
  reactor.atEndOfTurn(() => order.push('second'))
  assert.equal(order.length, 0)
  await eventually(() => order.length === 3)
  assert.deepEqual(order, ['first', 'second', 'third'])
  reactor.turn(() => {
    reactor.atEndOfTurn(() => order.push('fifth'))
    order.push('fourth')
  })
  assert.deepEqual(order.slice(3), ['fourth', 'fifth'])
})

test('Reactor ignores an event for a descriptor whose number was given away in the same turn', async (t) => {
  const reactor = open(t)
  const [first, second] = [eventfd(t), eventfd(t)]
  const told: string[] = []
  const replace = (own: { fd: number }, other: { fd: number }, name: string) =>
    reactor.watch(own.fd, (events) => {
      if ((events & EPOLLIN) === 0) return
      told.push(name)
      reactor.forget(other.fd)
      const copy = sys.eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)
      sys.dup3(copy, other.fd, EFD_CLOEXEC)
      sys.close(copy)
      reactor.watch(other.fd, (now) => told.push(`new ${now & EPOLLIN ? 'readable' : 'writable'}`))
    })
  replace(first, second, 'old')
  replace(second, first, 'old')
  first.signal()
  second.signal()
  await eventually(() => told.length === 2)
  await immediate()
  assert.deepEqual(told, ['old', 'new writable'])
})

test('Reactor says nothing after a watch is closed, nor after it was closed itself', async (t) => {
  const reactor = open(t)
  const { fd, signal } = eventfd(t)
  const told: number[] = []
  const watch = reactor.watch(fd, (events) => told.push(events))
  await eventually(() => told.length === 1)
  assert.deepEqual(told, [EPOLLOUT])
  watch.close()
  watch.close()
  signal()
  await immediate()
  reactor.watch(fd, (events) => told.push(events))
  reactor.close()
  reactor.close()
  await immediate()
  assert.equal(told.length, 1)
})

test('Reactor refuses a descriptor that cannot be watched', (t) => {
  const reactor = open(t)
  assert.throws(
    () => reactor.watch(99_999, () => undefined),
    /cannot watch descriptor 99999 by epoll: .*EBADF/,
  )
})

test('what a handler throws is an uncaught exception, and the other events are told', () => {
  const program = `
    import { Reactor } from ${JSON.stringify(import.meta.resolve('./reactor.ts'))}
    import { loadSyscalls } from ${JSON.stringify(import.meta.resolve('./koffi-syscalls.ts'))}
    const reactor = new Reactor()
    process.on('uncaughtException', (error) => console.log('uncaught', error.message))
    for (const name of ['a', 'b']) {
      reactor.watch(loadSyscalls().eventfd(0, ${EFD_NONBLOCK}), () => { console.log(name); throw new Error(name) })
    }
    reactor.atEndOfTurn(() => { throw new Error('end') })
    setTimeout(() => process.exit(0), 200)`
  const { status, stdout } = spawnSync(process.execPath, ['--input-type=module', '-e', program], {
    encoding: 'utf8',
    timeout: 30_000,
  })
  assert.equal(status, 0)
  assert.deepEqual(stdout.trim().split('\n').toSorted(), [
    'a',
    'b',
    'uncaught a',
    'uncaught b',
    'uncaught end',
  ])
})
