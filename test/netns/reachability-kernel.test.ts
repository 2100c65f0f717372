/**
 * Reachability against the kernel that it foretells: in a throwaway namespace with two veth pairs, the same steps are
 * applied for real and in the view, and then the kernel itself is asked which link a packet would leave by.
 *
 *   v0 ─── w0     v1 ─── w1     addresses, routes, rules and links going up and down as chance has it
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { observeRouting } from '../../src/agent/index.ts'
import {
  isKernelError,
  loadSyscalls,
  lookUpRoutes,
  newNetns,
  RouteNetlink,
  type RouteQuestion,
  withNetns,
} from '../../src/linux/index.ts'
import type { Step } from '../../src/model/index.ts'
import { lookUp } from '../../src/reconcile/reachability-lookup.ts'
import { withStep } from '../../src/reconcile/reachability-steps.ts'
import type { RoutingView } from '../../src/reconcile/index.ts'
import { needs } from '../harness/needs.ts'

const LINKS = ['v0', 'v1'] as const
const link = fc.constantFrom(...LINKS)
const table = fc.constantFrom(254, 100)
/** Distinct metrics per link: of equal routes the kernel takes whichever came first. */
const route = fc
  .record({
    link,
    table,
    destination: fc.constantFrom('0.0.0.0/0', '10.0.0.0/8', '10.1.0.0/16', '10.1.2.0/24', '10.1.2.3/32'),
  })
  .map(({ link, table, destination }) => ({
    link,
    route: { destination, table, metric: link === 'v0' ? 10 : 20 },
  }))
const address = fc
  .record({ link, last: fc.constantFrom(1, 3, 9), prefixLength: fc.constantFrom(16, 24, 32) })
  .map(({ link, last, prefixLength }) => ({
    link,
    address: { local: `10.${link === 'v0' ? 1 : 7}.2.${last}`, prefixLength },
  }))
const rule = fc.record({
  family: fc.constant('inet' as const),
  priority: fc.constantFrom(100, 200),
  table,
  fwmark: fc.constantFrom(7),
  invert: fc.boolean(),
})

const step: fc.Arbitrary<Step> = fc.oneof(
  route.map((r): Step => ({ kind: 'route-add', ...r })),
  route.map((r): Step => ({ kind: 'route-delete', ...r })),
  address.map((a): Step => ({ kind: 'address-add', ...a })),
  address.map((a): Step => ({ kind: 'address-delete', ...a })),
  rule.map((r): Step => ({ kind: 'rule-add', rule: r })),
  fc.record({ kind: fc.constant('link-set' as const), link, up: fc.boolean() }),
)

const QUESTIONS: readonly RouteQuestion[] = [
  '10.1.2.3',
  '10.1.2.77',
  '10.1.9.9',
  '10.7.2.5',
  '10.200.0.1',
  '192.0.2.1',
].flatMap((to) => [{ to }, { to, mark: 7 }])

const apply = (netlink: RouteNetlink, one: Step): void => {
  if (one.kind === 'route-add') netlink.addRoute({ ...one.route, link: one.link })
  else if (one.kind === 'route-delete') netlink.deleteRoute({ ...one.route, link: one.link })
  else if (one.kind === 'address-add') netlink.addAddress({ ...one.address, link: one.link })
  else if (one.kind === 'address-delete') netlink.deleteAddress({ ...one.address, link: one.link })
  else if (one.kind === 'rule-add') netlink.addRule(one.rule)
  else if (one.kind === 'link-set') netlink.setLink(one.link, { up: one.up ?? true })
  else throw new Error(`${one.kind} is none of these`)
}

/** What the kernel refuses did not happen. */
const happened = (netlink: RouteNetlink, steps: readonly Step[]): Step[] =>
  steps.filter((one) => {
    try {
      apply(netlink, one)
      return true
    } catch (error) {
      if (isKernelError(error)) return false
      throw error
    }
  })

const foretold = (view: RoutingView, question: RouteQuestion): string => {
  const found = lookUp(view, {
    to: question.to,
    ...(question.mark === undefined ? {} : { mark: question.mark }),
  })
  if (found.kind !== 'route') return 'nowhere'
  return found.route.type === 2 ? 'here' : (found.route.link ?? '')
}

const NEEDS = needs({ root: true, kernel: ['veth'] })

test('which link a packet would leave by after these steps is what the kernel says after them', NEEDS, () => {
  const sys = loadSyscalls()
  fc.assert(
    fc.property(fc.array(step, { minLength: 1, maxLength: 25 }), (steps) => {
      const fd = newNetns(sys)
      const netlink = RouteNetlink.open(sys, { netns: fd })
      try {
        netlink.setLink('lo', { up: true })
        for (const name of LINKS)
          netlink.addLink({ name, kind: 'veth', peer: { name: name.replace('v', 'w') } })
        for (const name of ['w0', 'w1']) netlink.setLink(name, { up: true })
        const before = { ...withNetns(sys, fd, () => observeRouting(sys)), wireguard: [] }
        const done = happened(netlink, steps)
        const view = done.reduce<RoutingView>(withStep, before)
        const after = { ...withNetns(sys, fd, () => observeRouting(sys)), wireguard: [] }
        const names = new Map(after.links.map((l) => [l.index, l.name]))
        const answers = withNetns(sys, fd, () => lookUpRoutes(sys, QUESTIONS))
        const kernel = answers.map((a) => {
          if (a.kind !== 'way') return 'nowhere'
          return a.type === 2 ? 'here' : (names.get(a.linkIndex ?? 0) ?? '')
        })
        const texts = (said: readonly string[]): string[] =>
          QUESTIONS.map((q, i) => `${q.to} ${q.mark ?? ''} ${said[i]}`)
        assert.deepEqual(texts(QUESTIONS.map((q) => foretold(after, q))), texts(kernel), 'as observed')
        assert.deepEqual(texts(QUESTIONS.map((q) => foretold(view, q))), texts(kernel), 'as foretold')
      } finally {
        netlink.close()
        sys.close(fd)
      }
    }),
    { numRuns: 150 },
  )
})
