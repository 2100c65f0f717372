/** When an endpoint is written: at creation, when the plan or the name changed, when handshakes fail. Never over a fresher one. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { endpointText, endpointToSet } from './endpoint.ts'
import { seen } from './samples.ts'

const wanted = { host: 'hub.example', port: 51820 }
const [FIRST, SECOND, ROAMED] = ['192.0.2.1:51820', '192.0.2.2:51820', '198.51.100.7:33333']
const written = { planned: endpointText(wanted), address: FIRST }
const at = (endpoint: string | undefined) => seen('A', { endpoint })
const base = { wanted, candidates: [FIRST], observed: at(FIRST), written, fails: false }

const rows = [
  { name: 'a new peer gets it', given: { ...base, observed: undefined }, want: FIRST },
  { name: 'a peer without any gets it', given: { ...base, observed: at(undefined) }, want: FIRST },
  { name: 'it is there already', given: base, want: undefined },
  { name: 'a peer that roamed keeps where it is', given: { ...base, observed: at(ROAMED) }, want: undefined },
  {
    name: 'a peer that roamed and cannot be reached any more goes back',
    given: { ...base, observed: at(ROAMED), fails: true },
    want: FIRST,
  },
  {
    name: 'the plan names another endpoint',
    given: { ...base, observed: at(ROAMED), written: { ...written, planned: 'old.example:1' } },
    want: FIRST,
  },
  {
    name: 'the name points elsewhere now',
    given: { ...base, candidates: [SECOND] },
    want: SECOND,
  },
  {
    name: 'a name with several addresses in another order is no change',
    given: { ...base, candidates: [SECOND, FIRST] },
    want: undefined,
  },
  {
    name: 'an address that does not work is followed by the next',
    given: { ...base, candidates: [FIRST, SECOND], fails: true },
    want: SECOND,
  },
  { name: 'the only address stays', given: { ...base, fails: true }, want: undefined },
  { name: 'a name without address waits', given: { ...base, candidates: [], fails: true }, want: undefined },
  {
    name: 'an agent that does not remember leaves a peer alone',
    given: { ...base, observed: at(ROAMED), written: undefined },
    want: undefined,
  },
]

for (const { name, given, want } of rows)
  test(`endpointToSet(): ${name}`, () => {
    assert.equal(endpointToSet(given), want)
  })

test('endpointText() writes IPv6 in brackets', () => {
  assert.equal(endpointText({ host: '2001:db8::1', port: 5 }), '[2001:db8::1]:5')
})
