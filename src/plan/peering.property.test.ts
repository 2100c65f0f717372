/** The shared entries of a class against their slow twin: every pair on its own. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { NO_ALLOCATIONS, validateObject, type WireGuardNetworkPlan } from '../model/index.ts'
import { allocateAddresses } from './allocate-addresses.ts'
import { keyOf } from './fixture.ts'
import { KeyFinder } from './keys.ts'
import { Peering } from './peering.ts'
import { presharedKeysOf } from './preshared-keys.ts'
import { ProblemList } from './problem-list.ts'
import { readNetwork } from './read-network.ts'
import { plannedMember } from './shared-network.ts'

const nodeFields = fc.record(
  {
    endpoint: fc.constantFrom('192.0.2.1', 'a.example.net:443'),
    site: fc.constantFrom('large', 'large', 'large', 's', 't'),
    localEndpoint: fc.constant('192.168.1.9'),
    agent: fc.boolean(),
    persistentKeepalive: fc.constantFrom(0, 15),
    isKeyless: fc.boolean(),
    hasNetwork: fc.boolean(),
  },
  { requiredKeys: [] },
)

const spec = fc
  .record({
    fields: fc.array(nodeFields, { minLength: 3, maxLength: 60 }),
    isMesh: fc.boolean(),
    carriers: fc.integer({ min: 0, max: 2 }),
    directPeering: fc.constantFrom('None', 'SameSite', 'WhereReachable'),
    via: fc.nat(59),
  })
  .map(({ fields, isMesh, carriers, directPeering, via }) => {
    const nodes = fields.map(({ isKeyless, hasNetwork, ...rest }, index) => ({
      ...rest,
      name: `n${index}`,
      ...(isKeyless === true ? {} : { publicKey: keyOf(`n${index}`) }),
      ...(hasNetwork === true ? { allowedNetworks: [`172.16.${index}.0/24`] } : {}),
      ...(index % 7 === 6 ? { defaultRoute: { via: `n${via % fields.length}` } } : {}),
    }))
    const names = nodes.slice(0, isMesh ? carriers : carriers + 1).map(({ name }) => name)
    const shape = isMesh ? { topology: 'Mesh', relays: names } : { hubs: names, directPeering }
    const presharedKeys = [{ nodes: ['n1', 'n2'], secretRef: { name: 's', key: 'k' } }]
    return { cidrs: ['10.0.0.0/16', 'fd00::/64'], nodes, presharedKeys, ...shape }
  })

test('Peering.peersOf() gives what entry() gives pair by pair', () => {
  fc.assert(
    fc.property(spec, (given) => {
      const value = {
        apiVersion: 'warren.dev/v1alpha1',
        kind: 'WireGuardNetworkPlan',
        metadata: { name: 'net' },
        spec: given,
      }
      const plan = validateObject(value, { file: 'test' }).objects[0] as WireGuardNetworkPlan
      const problems = new ProblemList()
      const keys = new KeyFinder([], NO_ALLOCATIONS, problems)
      const network = readNetwork({ plan, peers: [], keys, problems })
      const addresses = allocateAddresses({ network, before: new Map(), problems })
      const members = network.members.map((member) =>
        plannedMember(network, member, {
          addresses: addresses.get(member.name) ?? { addresses: [], kept: [] },
          interface: { name: 'wg0', listenPort: 51820 },
        }),
      )
      const peering = new Peering(network, members, presharedKeysOf(network, keys))
      for (const viewer of members) {
        const slow = members
          .flatMap((other) => (other === viewer ? [] : (peering.entry(viewer, other) ?? [])))
          .toSorted((a, b) => (a.publicKey < b.publicKey ? -1 : 1))
        assert.deepEqual(peering.peersOf(viewer), slow)
      }
    }),
    { numRuns: 60 },
  )
})
