/**
 * Reachability against a slow twin (lookup), and what has to hold of every cut: the ways before and after are
 * recomputed from hosts that were changed by hand instead of by steps.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { slowLookUp } from '../../test/models/slow-route-lookup.ts'
import type { Step } from '../model/index.ts'
import { lookUp } from './reachability-lookup.ts'
import { viewAddress, viewLink } from './reachability-samples.ts'
import { withStep } from './reachability-steps.ts'
import type { RoutingView, ViewRoute, ViewRule } from './reachability-view.ts'
import { cuts } from './reachability.ts'

const LINKS = ['eth0', 'eth1', 'wg0'] as const

/** Few bits that differ, so that prefixes nest and collide. */
const address = fc
  .tuple(fc.constantFrom(0, 1, 128), fc.constantFrom(0, 1, 2, 255))
  .map(([high, low]) => `10.${high}.0.${low}`)
const prefix = fc
  .tuple(address, fc.constantFrom(0, 1, 8, 9, 16, 24, 31, 32))
  .map(([text, length]) => `${maskText(text, length)}/${length}`)

const maskText = (text: string, length: number): string => {
  const value = text.split('.').reduce((sum, part) => sum * 256 + Number(part), 0)
  const masked = length === 0 ? 0 : Math.floor(value / 2 ** (32 - length)) * 2 ** (32 - length)
  return [24, 16, 8, 0].map((shift) => Math.floor(masked / 2 ** shift) % 256).join('.')
}

const route = fc.record({
  destination: prefix,
  table: fc.constantFrom(254, 100),
  link: fc.constantFrom(...LINKS),
  gateway: fc.constant(undefined),
  metric: fc.constantFrom(0, 10, 20),
  type: fc.constant(1),
})
const rule = fc.record(
  {
    family: fc.constant('inet' as const),
    priority: fc.integer({ min: 1, max: 4 }),
    table: fc.constantFrom(254, 100, 101),
    action: fc.constant(1),
    fwmark: fc.constantFrom(1, 2),
    invert: fc.boolean(),
    suppressPrefixLength: fc.constantFrom(0, 8, 16),
    source: prefix,
    destination: prefix,
  },
  { requiredKeys: ['family', 'priority', 'table', 'action'] },
)
/** Equal routes and rules of one priority are taken in the order they were made, which a set does not have. */
const distinctRoutes = fc.uniqueArray(route, {
  maxLength: 12,
  selector: (r) => `${r.destination} ${r.table} ${r.metric}`,
})
const distinctRules = fc.uniqueArray(rule, { maxLength: 4, selector: (r) => r.priority })

const hostOf = (
  routes: readonly ViewRoute[],
  rules: readonly ViewRule[],
  up: readonly string[],
): RoutingView => ({
  links: LINKS.map((name) => viewLink(name, { up: up.includes(name) })),
  addresses: ['10.200.0.1/32 eth0', '10.200.0.2/32 eth1', '10.200.0.3/32 wg0'].map(viewAddress),
  routes,
  rules,
  wireguard: [],
})

const host = fc.record({ routes: distinctRoutes, rules: distinctRules, up: fc.subarray([...LINKS]) })

test('lookUp() finds what its slow twin finds', () => {
  fc.assert(
    fc.property(
      host,
      address,
      fc.option(address, { nil: undefined }),
      fc.constantFrom(0, 1, 2),
      (h, to, from, mark) => {
        const found = lookUp(hostOf(h.routes, h.rules, h.up), {
          to,
          mark,
          ...(from === undefined ? {} : { from }),
        })
        const slow = slowLookUp({ routes: h.routes, rules: h.rules, linksUp: h.up }, { to, from, mark })
        assert.equal(found.kind === 'route' ? found.route.link : undefined, slow)
      },
    ),
    { numRuns: 2000 },
  )
})

const MAIN_RULE: ViewRule = { family: 'inet', priority: 32_766, table: 254, action: 1 }

const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({
    kind: fc.constantFrom('route-add' as const, 'route-delete' as const),
    link: fc.constantFrom(...LINKS),
    route: fc.record({
      destination: prefix,
      table: fc.constantFrom(254, 100),
      metric: fc.constantFrom(0, 10),
    }),
  }),
  fc.record({ kind: fc.constant('link-set' as const), link: fc.constantFrom(...LINKS), up: fc.boolean() }),
  fc.record({ kind: fc.constant('link-delete' as const), link: fc.constantFrom(...LINKS) }),
)

const linkTo = (view: RoutingView, to: string): string | undefined => {
  const up = view.links.filter((l) => l.up).map((l) => l.name)
  const routes = view.routes.flatMap((r) => (r.link === undefined ? [] : [{ ...r, link: r.link }]))
  return slowLookUp({ routes, rules: view.rules, linksUp: up }, { to, mark: 0 })
}

test('cuts(): an address is cut exactly when its packets leave by another link afterwards, or by none', () => {
  fc.assert(
    fc.property(host, fc.array(step, { maxLength: 8 }), address, (h, steps, to) => {
      const view = hostOf(h.routes, [...h.rules, MAIN_RULE], [...LINKS])
      const after = steps.reduce(withStep, view)
      const before = linkTo(view, to)
      const cut = cuts({ view, steps, keep: [{ address: to }] })
      assert.equal(cut.length === 1, before !== undefined && linkTo(after, to) !== before)
    }),
    { numRuns: 1000 },
  )
})

test('cuts(): leaving out the step that is named, and those after it, cuts nothing', () => {
  fc.assert(
    fc.property(host, fc.array(step, { maxLength: 8 }), address, (h, steps, to) => {
      const view = hostOf(h.routes, [...h.rules, MAIN_RULE], [...LINKS])
      const [cut] = cuts({ view, steps, keep: [{ address: to }] })
      if (cut === undefined) return
      const until = steps.slice(0, steps.indexOf(cut.because))
      assert.deepEqual(cuts({ view, steps: until, keep: [{ address: to }] }), [])
    }),
    { numRuns: 1000 },
  )
})

test('cuts(): does not depend on the order in which routes and rules are listed', () => {
  fc.assert(
    fc.property(host, fc.array(step, { maxLength: 6 }), address, (h, steps, to) => {
      const one = hostOf(h.routes, [...h.rules, MAIN_RULE], [...LINKS])
      const other = { ...one, routes: h.routes.toReversed(), rules: one.rules.toReversed() }
      assert.deepEqual(
        cuts({ view: one, steps, keep: [{ address: to }] }),
        cuts({ view: other, steps, keep: [{ address: to }] }),
      )
    }),
    { numRuns: 500 },
  )
})
