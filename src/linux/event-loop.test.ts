/** Descriptors in Node's event loop, with an eventfd for a descriptor. */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { test, type TestContext } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import { EventLoop, type Readiness } from './event-loop.ts'
import { loadSyscalls } from './koffi-syscalls.ts'
import { EFD_CLOEXEC, EFD_NONBLOCK } from './uapi/index.ts'

const sys = loadSyscalls()
const loop = new EventLoop()

const eventfd = (t: TestContext) => {
  const fd = sys.eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)
  assert.ok(fd >= 0)
  t.after(() => sys.close(fd))
  return {
    fd,
    signal: () => sys.write(fd, new Uint8Array(BigUint64Array.of(1n).buffer)),
    take: () => sys.read(fd, new Uint8Array(8)),
  }
}

/** The next time it is ready. */
const ready = (
  t: TestContext,
  fd: number,
  readiness: Readiness,
  onReady = (): void => undefined,
): Promise<void> =>
  new Promise((resolve) => {
    const watch = loop.watch(
      fd,
      readiness,
      () => {
        watch.close()
        onReady()
        resolve()
      },
      { keepAlive: true },
    )
    t.after(() => watch.close())
  })

test('a watch is told again as long as the descriptor stays readable, and not after close()', async (t) => {
  const { fd, signal, take } = eventfd(t)
  let told = 0
  const done = new Promise<void>((resolve) => {
    const watch = loop.watch(
      fd,
      'readable',
      () => {
        told++
        if (told === 3) {
          take()
          watch.close()
          watch.close()
          resolve()
        }
      },
      { keepAlive: true },
    )
  })
  signal()
  await done
  signal()
  await ready(t, fd, 'readable')
  assert.equal(told, 3)
})

test('writable is told apart from readable', async (t) => {
  const { fd } = eventfd(t)
  let readable = 0
  const watch = loop.watch(fd, 'readable', () => void readable++)
  watch.close()
  await turn()
  await ready(t, fd, 'writable')
  assert.equal(readable, 0)
})

test('promises and ticks made in a callback run', async (t) => {
  const { fd, signal } = eventfd(t)
  const order: string[] = []
  signal()
  await ready(t, fd, 'readable', () => {
    process.nextTick(() => order.push('tick'))
    void Promise.resolve().then(() => order.push('promise'))
  })
  await turn()
  assert.deepEqual(
    order.toSorted((a, b) => a.localeCompare(b)),
    ['promise', 'tick'],
  )
})

test('a descriptor that cannot be watched is refused', () => {
  assert.throws(
    () => loop.watch(99_999, 'readable', () => undefined),
    /cannot watch descriptor 99999: .*EBADF/,
  )
})

test('hundreds of watches are opened and closed without a leak of callbacks', async (t) => {
  for (let round = 0; round < 300; round++) {
    const { fd, signal } = eventfd(t)
    signal()
    await ready(t, fd, 'readable')
  }
})

const child = (program: string) =>
  spawnSync(
    process.execPath,
    ['--disable-warning=ExperimentalWarning', '--input-type=module', '-e', program],
    {
      encoding: 'utf8',
      cwd: import.meta.dirname,
      timeout: 30_000,
    },
  )
const PRELUDE = `
  import { EventLoop } from ${JSON.stringify(import.meta.resolve('./event-loop.ts'))}
  import { loadSyscalls } from ${JSON.stringify(import.meta.resolve('./koffi-syscalls.ts'))}
  const fd = loadSyscalls().eventfd(1, ${EFD_NONBLOCK})
`

test('what a callback throws is an uncaught exception', () => {
  const { status, stderr } = child(`${PRELUDE}
    new EventLoop().watch(fd, 'readable', () => { throw new Error('from the callback') }, { keepAlive: true })`)
  assert.equal(status, 1)
  assert.match(stderr, /from the callback/)
})

test('a watch does not keep the process alive unless asked to', () => {
  const { status, stdout } = child(`${PRELUDE}
    loadSyscalls().read(fd, new Uint8Array(8))
    new EventLoop().watch(fd, 'readable', () => console.log('never'))
    process.on('exit', () => console.log('exit'))`)
  assert.deepEqual([status, stdout], [0, 'exit\n'])
})

test('importing linux loads no native code; loadSyscalls() does', () => {
  const { stdout } = child(`
    import { readFileSync } from 'node:fs'
    const native = () => /koffi/.test(readFileSync('/proc/self/maps', 'utf8'))
    const { loadSyscalls } = await import(${JSON.stringify(import.meta.resolve('./index.ts'))})
    const before = native()
    loadSyscalls()
    console.log(before, native())`)
  assert.equal(stdout, 'false true\n')
})
