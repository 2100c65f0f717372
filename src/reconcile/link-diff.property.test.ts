/**
 * Whatever is wanted, whatever is there and whatever somebody did to it: a few applications make it so, nobody
 * else's link is touched, and the order in which objects and links are listed means nothing. The kernel is
 * test/models/model-kernel.ts.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { ModelKernel, setUp } from '../../test/models/model-kernel.ts'
import type { ModelLink } from '../../test/models/model-kernel.ts'
import type {
  ContainerRef,
  LinkIntent,
  NodeIntent,
  ObservedHost,
  Step,
  WireGuardIntent,
} from '../model/index.ts'
import { diff } from './diff.ts'
import type { Difference } from './difference.ts'
import { render } from './render.ts'
import { wantedLink, wg } from './samples.ts'

const WEB: ContainerRef = { kind: 'docker', name: 'web' }
const BLUE: ContainerRef = { kind: 'netns', path: '/run/netns/blue' }
const PLACES = [undefined, WEB, BLUE] as const
const NETNS = ['', 'docker:web', 'netns:/run/netns/blue']

const place = fc.constantFrom(...PLACES)

const common = fc.record({
  up: fc.constantFrom(true, true, true, false),
  mtuBytes: fc.constantFrom(undefined, undefined, 1300, 1400),
  hardwareAddress: fc.constantFrom(undefined, undefined, '02:aa:00:00:00:01'),
  addresses: fc
    .subarray(
      [
        { local: '10.2.3.1', prefixLength: 24 },
        { local: '10.2.3.1', prefixLength: 16 },
        { local: 'fd00::1', prefixLength: 64 },
        { local: '10.3.0.1', prefixLength: 32, peer: '10.3.0.2' },
      ],
      { maxLength: 2 },
    )
    .filter((list) => new Set(list.map((a) => a.local)).size === list.length),
  routes: fc.subarray([
    { destination: '10.5.0.0/16', table: 254, mtuBytes: 1280 },
    { destination: '10.6.0.0/16', table: 254, gateway: '10.2.3.9' },
    { destination: '10.7.0.0/16', table: 7, metric: 5 },
  ]),
  replacePolicy: fc.constantFrom('DeleteAndCreate' as const, 'Never' as const),
})

/** A setting or two of each kind, changeable and not. */
const kindOf = (name: string): fc.Arbitrary<Pick<LinkIntent, 'kind' | 'settings'> & Partial<LinkIntent>> => {
  const parent = fc.constantFrom('d0', 'wg0', 'v0', 'eth0', 'nowhere')
  switch (name) {
    case 'br0':
      return fc.record({
        kind: fc.constant('bridge' as const),
        settings: fc.record({ stp: fc.boolean(), forwardDelay: fc.constantFrom(2, 15) }),
        ports: fc.option(fc.subarray(['d0', 'vx0', 'v0', 'v1', 'eth1', 'nowhere']), { nil: undefined }),
      })
    case 'vrf0':
      return fc.constantFrom(1, 2).map((table) => ({ kind: 'vrf', settings: { table } }))
    case 'vx0':
      return fc.record({
        kind: fc.constant('vxlan' as const),
        settings: fc.record({
          id: fc.constantFrom(7, 8),
          learning: fc.boolean(),
          link: parent,
          port: fc.constant(4789),
        }),
        forwarding: fc.option(
          fc.subarray([
            { hardwareAddress: '00:00:00:00:00:00', destination: '10.0.0.2' },
            { hardwareAddress: '02:00:00:00:00:09', destination: '10.0.0.3' },
          ]),
          { nil: undefined },
        ),
      })
    case 'vl0':
      return fc.record({
        kind: fc.constant('vlan' as const),
        settings: fc.record({ id: fc.constantFrom(5, 6), link: fc.constantFrom('br0', 'd0', 'eth0', 'x0') }),
      })
    case 'gre0':
      return fc.record({
        kind: fc.constant('gre' as const),
        settings: fc.record({
          local: fc.constant('10.0.0.1'),
          remote: fc.constantFrom('10.0.0.2', '10.0.0.3'),
          ttl: fc.constantFrom(0, 64),
          link: parent,
        }),
      })
    case 'x0':
      return fc.constantFrom(
        { kind: 'dummy' as const, settings: {} },
        { kind: 'macvlan' as const, settings: { link: 'd0', mode: 'bridge' } },
        { kind: 'bridge' as const, settings: {} },
      )
    default:
      return fc.constant({ kind: 'dummy', settings: {} })
  }
}

const NAMES = ['d0', 'br0', 'vrf0', 'vx0', 'vl0', 'gre0', 'x0'] as const

const one = (name: string): fc.Arbitrary<LinkIntent> =>
  fc
    .tuple(kindOf(name), common, place, fc.constantFrom(undefined, undefined, 'br0', 'vrf0'))
    .map(([kind, rest, container, master]) =>
      wantedLink(kind.kind, name, {
        ...rest,
        ...kind,
        container,
        // What the kernel refuses anyway is the planner's to refuse.
        mtuBytes: kind.kind === 'vlan' || kind.kind === 'macvlan' ? undefined : rest.mtuBytes,
        master: ['bridge', 'vrf', 'gre', 'vlan'].includes(kind.kind) ? undefined : master,
      }),
    )

const pair: fc.Arbitrary<LinkIntent[]> = fc
  .tuple(common, common, place, place)
  .map(([a, b, here, there]) => [
    wantedLink('veth', 'v0', { ...a, container: here, peer: { name: 'v1', container: there } }),
    wantedLink('veth', 'v1', { ...b, container: there, peer: { name: 'v0', container: here } }),
  ])

const intents: fc.Arbitrary<NodeIntent> = fc
  .tuple(
    fc.subarray([...NAMES]).chain((names) => fc.tuple(...names.map(one))),
    fc.option(pair, { nil: [] }),
    fc.option(
      place.map((container) => ({ ...wg({ container, publicKey: 'own', listenPort: undefined }) })),
      { nil: undefined },
    ),
  )
  .map(([links, veths, wireguard]: [LinkIntent[], LinkIntent[], WireGuardIntent | undefined]) => ({
    node: 'a',
    links: [...links, ...veths],
    interfaces: wireguard === undefined ? [] : [wireguard],
  }))

/** What somebody does: to the nth link. */
const mischief = fc.record({
  what: fc.constantFrom(
    'delete',
    'rename',
    'swap',
    'move',
    'down',
    'flush',
    'enslave',
    'mtu',
    'address',
    'learn',
    'unmark',
  ),
  nth: fc.nat(12),
  netns: fc.constantFrom(...NETNS),
})
type Mischief = typeof mischief extends fc.Arbitrary<infer T> ? T : never

const disturb = (kernel: ModelKernel, { what, nth, netns }: Mischief): void => {
  const ours = kernel.all().filter((l) => !isForeign(l))
  const link = ours[nth % Math.max(ours.length, 1)]
  const other = ours[(nth + 1) % Math.max(ours.length, 1)]
  if (link === undefined || other === undefined) return
  const here = kernel.namespaceOf(link) ?? []
  if (what === 'delete') kernel.delete(link)
  if (what === 'rename' && !here.some((l) => l.name === `r${nth}`)) link.name = `r${nth}`
  if (what === 'swap' && here.includes(other)) [link.name, other.name] = [other.name, link.name]
  // That two links in two namespaces stand on each other is not seen: it takes a refusal and another pass.
  const isAlone = link.parent === undefined && !kernel.all().some((l) => l.parent === link)
  if (what === 'move' && isAlone) kernel.move(link, netns)
  if (what === 'down') setUp(link, false, kernel)
  if (what === 'flush') link.addresses = []
  if (what === 'enslave' && link.kind === 'dummy') link.master = here.find((l) => l.name === 'brf')
  if (what === 'mtu' && !['vlan', 'macvlan'].includes(link.kind)) link.mtu = 1290
  if (what === 'address' && !link.addresses.some((a) => a.local === '10.66.0.1'))
    link.addresses.push({ local: '10.66.0.1', prefixLength: 24, protocol: 0, scope: 0 })
  if (what === 'learn' && link.kind === 'vxlan')
    link.forwarding.push({ hardwareAddress: '02:00:00:00:00:77', destination: '10.0.0.77', learned: true })
  // What stands on ours or is a port of ours is ours to lose.
  const standsAlone = [link.parent, link.master].every((l) => l === undefined || isForeign(l))
  if (
    what === 'unmark' &&
    link.kind === 'dummy' &&
    link.altNames.includes(`warren-${link.name}`) &&
    standsAlone
  ) {
    link.altNames = []
    // Neither down nor blank: somebody's.
    setUp(link, true, kernel)
    // Routes have a mark of their own.
    link.routes = []
    link.addresses = [{ local: '10.67.0.1', prefixLength: 24, protocol: 0, scope: 0 }]
  }
}

const isForeign = (link: ModelLink): boolean => !link.altNames.some((a) => a.startsWith('warren-'))

const hostWithForeign = (): ModelKernel => {
  const kernel = new ModelKernel()
  for (const netns of NETNS) {
    const links = kernel.namespaces.get(netns) ?? []
    kernel.namespaces.set(netns, links)
    const container = PLACES[NETNS.indexOf(netns)]
    const at = container === undefined ? {} : { in: container }
    for (const [link, type] of [
      ['eth0', 'dummy'],
      ['eth1', 'dummy'],
      ['brf', 'bridge'],
    ] as const) {
      kernel.apply({ ...at, kind: 'link-add', link, type, settings: {} })
      kernel.apply({ ...at, kind: 'link-set', link, up: true })
      kernel.apply({ ...at, kind: 'address-add', link, address: { local: '192.0.2.1', prefixLength: 24 } })
    }
  }
  return kernel
}

interface Run extends Difference {
  readonly rounds: number
  readonly all: readonly Step[]
}

const publicKeys = new Map(NETNS.map((netns) => [netns === '' ? 'wg0' : `wg0@${netns}`, 'own']))

const decide = (intent: NodeIntent, observed: ObservedHost): Difference =>
  diff({ intent, observed, backend: 'kernel', publicKeys })

const converge = (kernel: ModelKernel, intent: NodeIntent): Run => {
  const all: Step[] = []
  for (let rounds = 0; ; rounds++) {
    const before = kernel.observe()
    const difference = decide(intent, before)
    if (difference.steps.length === 0) return { ...difference, rounds, all }
    assert.ok(rounds < 3, `goes on: ${difference.steps.map((s) => render(s)).join('; ')}`)
    for (const step of difference.steps) {
      const refusal = kernel.apply(step)
      assert.equal(
        refusal,
        undefined,
        `${render(step)}: ${refusal}\n${difference.steps.map((s) => render(s)).join('\n')}`,
      )
      all.push(step)
    }
  }
}

/** A port that a bridge of ours lists is put into it, whosever it is. */
const masterOf = ({ master }: ModelLink) =>
  master !== undefined && isForeign(master) ? master.name : undefined

const stateOf = (l: ModelLink) =>
  structuredClone({ ...l, master: masterOf(l), parent: l.parent?.name, peer: l.peer?.index })

/** What changes only by a hand on the link itself: MTU, addresses and being up also follow what is below. */
const identityOf = ({ index, name, settings, altNames, hardwareAddress, forwarding }: ModelLink) =>
  structuredClone({ index, name, settings, altNames, hardwareAddress, forwarding })

const foreignOf = (kernel: ModelKernel) => kernel.all().filter(isForeign).map(stateOf)

const scenario = fc.record({
  before: intents,
  mischief: fc.array(mischief, { maxLength: 4 }),
  after: intents,
})

const set = (
  kernel: ModelKernel,
  { before, mischief }: { before: NodeIntent; mischief: Mischief[] },
): void => {
  converge(kernel, before)
  for (const one of mischief) disturb(kernel, one)
}

test('whatever was there, two rounds make what is wanted, and nobody else’s link changes', () => {
  fc.assert(
    fc.property(scenario, ({ after, ...rest }) => {
      const kernel = hostWithForeign()
      set(kernel, rest)
      const others = foreignOf(kernel)
      const { rounds } = converge(kernel, after)
      assert.ok(rounds <= 2, `${rounds} rounds`)
      assert.deepEqual(foreignOf(kernel), others)
    }),
    { numRuns: 300 },
  )
})

test('removing everything leaves exactly what is not ours', () => {
  fc.assert(
    fc.property(scenario, (given) => {
      const kernel = hostWithForeign()
      set(kernel, given)
      const others = foreignOf(kernel)
      converge(kernel, { node: 'a', links: [], interfaces: [] })
      assert.ok(kernel.all().every(isForeign))
      assert.deepEqual(foreignOf(kernel), others)
    }),
    { numRuns: 100 },
  )
})

test('a link that is to be left alone stays as it is', () => {
  // Not gre0: a tunnel stays, but loses sight of a link below it that goes.
  const chosen = fc.subarray(['d0', 'vx0', 'br0', 'vl0', 'x0'], { minLength: 1 })
  fc.assert(
    fc.property(scenario, chosen, ({ before, after }, names) => {
      const kernel = hostWithForeign()
      converge(kernel, before)
      const isLeft = (l: ModelLink): boolean => names.includes(l.name)
      const leave = new Set(NETNS.flatMap((netns) => names.map((n) => (netns === '' ? n : `${n}@${netns}`))))
      const look = () => kernel.all().filter(isLeft).map(identityOf)
      const left = look()
      // A WireGuard interface that moves takes along what is on it.
      const intent = { ...after, interfaces: before.interfaces }
      const { steps } = diff({ intent, observed: kernel.observe(), backend: 'kernel', publicKeys, leave })
      for (const step of steps) kernel.apply(step)
      assert.deepEqual(look(), left)
    }),
    { numRuns: 200 },
  )
})

test('the order in which objects, links and namespaces are listed means nothing', () => {
  fc.assert(
    fc.property(scenario, ({ after, ...rest }) => {
      const kernel = hostWithForeign()
      set(kernel, rest)
      const observed = kernel.observe()
      const intent = { ...after, links: after.links.toReversed() }
      const reversed = {
        ...observed,
        links: observed.links.toReversed(),
        routes: observed.routes.toReversed(),
        containers: Object.fromEntries(Object.entries(observed.containers).toReversed()),
      }
      assert.deepEqual(decide(intent, reversed).waiting, decide(after, observed).waiting)
      assert.deepEqual(
        decide(intent, reversed).steps.map((s) => render(s)),
        decide(after, observed).steps.map((s) => render(s)),
      )
    }),
    { numRuns: 100 },
  )
})
