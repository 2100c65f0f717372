/** What became of each object, in one condition with the reason that matters most. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { LinkIntent, NodeIntent, ObservedHost, Problem, Step } from '../model/index.ts'
import type { Convergence } from './converge.ts'
import { askedBy, Generations, objectStatuses } from './object-status.ts'

const link = (name: string, change: Partial<LinkIntent> = {}): LinkIntent => ({
  name,
  owner: { kind: 'NetlinkInterface', namespace: 'default', name },
  container: undefined,
  kind: 'bridge',
  settings: {},
  up: true,
  mtuBytes: undefined,
  hardwareAddress: undefined,
  master: undefined,
  ports: undefined,
  forwarding: undefined,
  addresses: [],
  routes: [],
  adopt: false,
  replacePolicy: 'Never',
  ...change,
})

const intentOf = (...links: LinkIntent[]): NodeIntent => ({ node: 'a', interfaces: [], links })

const NOTHING: ObservedHost = {
  links: [],
  addresses: [],
  routes: [],
  rules: [],
  wireguard: [],
  forwarding: [],
  sysctls: {},
  containers: {},
}

const done = (change: Partial<Convergence>): Convergence => ({
  outcome: 'converged',
  applied: [],
  rounds: 0,
  observed: NOTHING,
  conflicts: [],
  waiting: [],
  failures: [],
  recurring: [],
  ...change,
})

const UP: Step = { kind: 'link-set', link: 'br0', up: true }
const waiting = { link: 'br0', reason: 'PortMissing', message: 'no v1', hint: 'make it' } as const
const conflict = { link: 'br0', message: 'not ours', hint: 'rename', wouldBe: [] }

for (const { name, given, refused, want } of [
  { name: 'nothing differs', given: {}, want: 'AsWanted' },
  { name: 'a port is missing', given: { waiting: [waiting] }, want: 'PortMissing' },
  { name: 'the kernel refused', given: { failures: [{ step: UP, message: 'EBUSY' }] }, want: 'ApplyFailed' },
  {
    name: 'the kernel refused, and a port is missing',
    given: { failures: [{ step: UP, message: 'EBUSY' }], waiting: [waiting] },
    want: 'ApplyFailed',
  },
  { name: 'it is somebody else’s', given: { conflicts: [conflict] }, want: 'LinkNotOurs' },
  {
    name: 'it is undone over and over',
    given: { outcome: 'did-not-converge', applied: [UP], recurring: ['ip link set br0 up'] },
    want: 'DidNotConverge',
  },
  {
    name: 'it was refused before anything was tried',
    given: { waiting: [waiting] },
    refused: { code: 'OutOfBounds', path: '', message: 'too much' },
    want: 'OutOfBounds',
  },
] satisfies { name: string; given: Partial<Convergence>; refused?: Problem; want: string }[])
  test(`Ready is ${want} when ${name}`, () => {
    const intent = intentOf(link('br0'), link('br1'))
    const asked = askedBy(intent, new Map(refused ? [['NetlinkInterface/default/br0', refused]] : []))
    const generations = new Generations()
    generations.now(asked, [])
    const statuses = objectStatuses({ asked, generations, intent, done: done(given) })
    assert.deepEqual(
      statuses.map((s) => [s.name, s.conditions[0]?.reason, s.conditions[0]?.status]),
      [
        ['br0', want, want === 'AsWanted'],
        ['br1', 'AsWanted', true],
      ],
    )
  })

test('a link in a container is told from one of the same name in the node’s own namespace', () => {
  const container = { kind: 'docker', name: 'web' } as const
  const inside = link('br0', {
    container,
    owner: { kind: 'NetlinkInterface', namespace: 'default', name: 'in' },
  })
  const intent = intentOf(link('br0'), inside)
  const asked = askedBy(intent, new Map())
  const missing = { link: 'br0@docker:web', reason: 'ContainerMissing', message: 'gone', hint: '' } as const
  const given = done({ waiting: [missing] })
  const statuses = objectStatuses({ asked, generations: new Generations(), intent, done: given })
  assert.deepEqual(
    statuses.map((s) => s.conditions[0]?.reason),
    ['AsWanted', 'ContainerMissing'],
  )
})

test('GC-15: a generation counts what an object asks, and only that', () => {
  const generations = new Generations()
  const now = (...links: LinkIntent[]): number[] => {
    generations.now(askedBy(intentOf(...links), new Map()), [])
    return links.map((l) => generations.of(l.owner))
  }
  assert.deepEqual(now(link('br0'), link('br1')), [1, 1])
  assert.deepEqual(now(link('br0', { up: false }), link('br1')), [2, 1])
  assert.deepEqual(now(link('br0', { up: false }), link('br1')), [2, 1])
})
