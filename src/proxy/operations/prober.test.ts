/** Probes over connections in memory. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { eventually } from '../../../test/harness/eventually.ts'
import { type PairedStream, streamPair } from '../../streams/index.ts'
import { Prober, type ProberOptions } from './prober.ts'

interface Given {
  readonly probe?: ProberOptions['probe']
  /** What the target does with a connection. */
  readonly target: (stream: PairedStream) => void
  readonly known?: ProberOptions['known']
}

function start({ probe = { path: '/health' }, target, known = [] }: Given) {
  const timers: { ms: number; run: () => void }[] = []
  const news: string[] = []
  const prober = new Prober({
    ...{ probe, everyMs: 10_000, known },
    targets: [
      {
        ...{ route: ':8080', host: 'a.internal' },
        dial: async () => {
          const [client, server] = streamPair()
          target(server)
          return client
        },
      },
    ],
    after: (ms, run) => {
      const timer = { ms, run }
      timers.push(timer)
      return { close: () => timers.splice(timers.indexOf(timer), 1) }
    },
    onChange: ({ outcome, why = '' }) => news.push(`${outcome} ${why}`.trim()),
  })
  const fire = (ms: number) => timers.find((timer) => timer.ms === ms)?.run()
  return { prober, news, fire, timers }
}

const answering = (text: string) => (stream: PairedStream) => {
  stream.onProgress = () => {
    if (stream.readableBytes === 0) return
    stream.consume(stream.readableBytes)
    stream.write(Buffer.from(text))
    stream.end()
  }
}

test('a target that answers below 500 passes, and a path is asked for with its host', async () => {
  let asked = ''
  const { prober, news } = start({
    target: (stream) => {
      stream.onProgress = () => {
        asked += Buffer.from(stream.peek()).toString()
        answering('HTTP/1.1 404 Not Found\r\n\r\n')(stream)
        stream.onProgress?.()
      }
    },
  })
  assert.equal(prober.results()[0]?.outcome, 'pending')
  await eventually(() => news.length === 1)
  assert.deepEqual(news, ['passed'])
  assert.match(asked, /^GET \/health HTTP\/1\.1\r\nHost: a\.internal\r\n/)
})

const rows = [
  { name: 'answers 500', target: answering('HTTP/1.1 503 No\r\n\r\n'), want: 'failed it answers 503' },
  {
    name: 'speaks no HTTP',
    target: answering('220 mail ready\r\n'),
    want: 'failed its answer is not HTTP/1',
  },
  {
    name: 'says nothing and ends',
    target: (stream: PairedStream) => stream.end(),
    want: 'failed its answer is not HTTP/1',
  },
]

for (const { name, target, want } of rows)
  test(`a target that ${name} fails`, async () => {
    const { news } = start({ target })
    await eventually(() => news.length === 1)
    assert.deepEqual(news, [want])
  })

test('a target that does not answer fails when time is up, and is asked again', async () => {
  let count = 0
  const { news, fire } = start({ target: () => count++ })
  await eventually(() => count === 1)
  fire(5000)
  await eventually(() => news.length === 1)
  assert.deepEqual(news, ['failed no answer in 5 s'])
  fire(10_000)
  await eventually(() => count === 2)
})

test('`connect` asks for no more than a connection; closed, nothing more is asked', async () => {
  const { prober, news, timers } = start({ probe: 'connect', target: () => {} })
  await eventually(() => news.length === 1)
  assert.deepEqual(news, ['passed'])
  prober.close()
  assert.deepEqual(timers, [])
})

test('after a reload a target stays what it was until it is asked again', async () => {
  const { prober, news } = start({
    known: [{ route: ':8080', outcome: 'passed', why: undefined }],
    target: answering('HTTP/1.1 500 No\r\n\r\n'),
  })
  assert.equal(prober.results()[0]?.outcome, 'passed')
  await eventually(() => news.length === 1)
  assert.deepEqual(news, ['failed it answers 500'])
})
