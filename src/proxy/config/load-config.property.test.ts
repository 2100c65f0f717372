/** Whatever stands in files, flags and variables: an answer, never an exception, and only a whole configuration. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { loadProxyConfig } from './load-config.ts'

const words = fc.oneof(
  fc.constantFrom(
    ...[
      'http://a',
      'https://[::1]:1/x?y',
      'ftp://a',
      ':8080',
      '127.0.0.1:0',
      '[::1]:99999',
      'db:5432',
      '',
      '=',
    ],
    ...[
      'pass',
      'rewrite',
      'connect',
      '/health',
      '\0',
      '../x',
      '__proto__',
      'constructor',
      ':1=http://b',
      '80=a:1',
    ],
  ),
  fc.string({ unit: 'binary', maxLength: 20 }),
)
const some = fc.array(words, { maxLength: 3 })

const options = fc.record(
  {
    ...{
      config: words,
      to: words,
      listen: words,
      host: words,
      tlsCert: words,
      tlsKey: words,
      targetCa: words,
    },
    ...{ route: some, tcp: some, udp: some, publish: some, socks: some },
  },
  { requiredKeys: [] },
)

const value: fc.Arbitrary<unknown> = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small' },
    words,
    fc.integer(),
    fc.constant(null),
    fc.array(tie('value'), { maxLength: 3 }),
    fc.dictionary(
      fc.constantFrom(
        ...['spec', 'tunnels', 'http', 'tcp', 'publish', 'socks', 'listen', 'to', 'config', 'name', 'port'],
        ...['limits', 'timeouts', 'operations', 'users', 'tls', 'cert', '__proto__'],
      ),
      tie('value'),
      { maxKeys: 5 },
    ),
  ),
})).value

const file = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 100 }),
  value.map((spec) =>
    JSON.stringify({ apiVersion: 'warren.dev/v1alpha1', kind: 'TunnelProxy', metadata: { name: 'a' }, spec }),
  ),
)

const read = (texts: Readonly<Record<string, string>>) => async (path: string) => {
  const text = Object.hasOwn(texts, path) ? texts[path] : undefined
  return text === undefined
    ? ({ kind: 'absent' } as const)
    : ({ kind: 'text', text, othersMayRead: false } as const)
}

const checked = async (given: Parameters<typeof loadProxyConfig>[0]): Promise<void> => {
  const { config, problems } = await loadProxyConfig(given)
  const errors = problems.filter(({ severity }) => severity !== 'warning')
  assert.equal(config === undefined, errors.length > 0)
  for (const { message, path } of problems) assert.ok(message !== '' && typeof path === 'string')
}

test('flags, variables and .env of any kind', async () => {
  await fc.assert(
    fc.asyncProperty(options, words, words, async (given, variable, dotEnv) => {
      const environment = { PROXY_TO: variable, LISTEN: variable }
      const texts = { '/w/.env': dotEnv, '/w/fly0.conf': dotEnv }
      await checked({
        options: given,
        operations: {},
        file: undefined,
        environment,
        folder: '/w',
        read: read(texts),
      })
    }),
    { numRuns: 300 },
  )
})

test('TunnelProxy files of any kind', async () => {
  await fc.assert(
    fc.asyncProperty(file, words, async (text, probe) => {
      const texts = { '/w/p.yaml': text }
      const operations = { operations: probe, probe }
      await checked({
        options: {},
        operations,
        file: 'p.yaml',
        environment: {},
        folder: '/w',
        read: read(texts),
      })
    }),
    { numRuns: 300 },
  )
})
