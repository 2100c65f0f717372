/** Prometheus' text format, and that the table of metrics is fit for it. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Exposition } from './exposition.ts'
import { type Metric, METRICS } from './metrics.ts'

test('samples of one metric stand together under its HELP and TYPE, in the order of the table', () => {
  const out = new Exposition()
  out.add('process_resident_memory_bytes', 7)
  out.add('warren_proxy_reloads_total', 1, { result: 'applied' })
  out.add('warren_proxy_ready', 1)
  out.add('warren_proxy_reloads_total', 0, { result: 'refused' })
  assert.equal(
    out.text(),
    `# HELP warren_proxy_ready Whether /readyz answers 200 now.
# TYPE warren_proxy_ready gauge
warren_proxy_ready 1
# HELP warren_proxy_reloads_total Configurations read again, by what came of it: applied, unchanged or refused.
# TYPE warren_proxy_reloads_total counter
warren_proxy_reloads_total{result="applied"} 1
warren_proxy_reloads_total{result="refused"} 0
# HELP process_resident_memory_bytes Memory in use.
# TYPE process_resident_memory_bytes gauge
process_resident_memory_bytes 7
`,
  )
})

test('a histogram has cumulative buckets, +Inf, a sum and a count', () => {
  const out = new Exposition()
  out.addHistogram(
    'warren_proxy_http_request_seconds',
    { route: ':1' },
    { bounds: [0.1, 1], counts: [2, 0, 3], sum: 9.5 },
  )
  assert.deepEqual(out.text().split('\n').slice(2, 7), [
    'warren_proxy_http_request_seconds_bucket{route=":1",le="0.1"} 2',
    'warren_proxy_http_request_seconds_bucket{route=":1",le="1"} 2',
    'warren_proxy_http_request_seconds_bucket{route=":1",le="+Inf"} 5',
    'warren_proxy_http_request_seconds_sum{route=":1"} 9.5',
    'warren_proxy_http_request_seconds_count{route=":1"} 5',
  ])
})

test('what is undefined is left out, and label values are escaped', () => {
  const out = new Exposition()
  out.add('warren_proxy_ready', undefined)
  out.add('warren_proxy_tunnel_connections', 1, { tunnel: 'a"b\\c\nd' })
  assert.match(out.text(), /^# HELP warren_proxy_tunnel_connections/)
  assert.ok(out.text().includes(String.raw`{tunnel="a\"b\\c\nd"} 1`))
})

test('names follow the rules of Prometheus: counters end in _total, units are base units', () => {
  for (const [name, { type, help, labels }] of Object.entries<Metric>(METRICS)) {
    assert.match(name, /^[a-z][a-z0-9_]*$/)
    assert.equal(name.endsWith('_total'), type === 'counter', name)
    assert.doesNotMatch(name, /_(ms|milliseconds|kilobytes)(_|$)/)
    assert.ok(help.endsWith('.') && !help.includes('\n'))
    for (const label of labels) assert.match(label, /^[a-z]+$/)
  }
})
