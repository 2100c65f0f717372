/** Whatever the plan, what comes out can be wired: cables end somewhere, and no two machines share an address. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import type { LabNode } from './lab-node.ts'
import { layOut } from './lay-out.ts'

const labNodes: fc.Arbitrary<LabNode[]> = fc
  .array(
    fc.record({
      site: fc.option(fc.constantFrom('home-a', 'home-b', 'home-c'), { nil: undefined }),
      isPublic: fc.boolean(),
      port: fc.integer({ min: 1, max: 65_535 }),
    }),
    { maxLength: 40 },
  )
  .map((seeds) =>
    seeds.map(({ site, isPublic, port }, index) => ({
      name: `node${index}`,
      site,
      endpoints: isPublic ? [{ host: `node${index}.example.net`, port, listenPort: port }] : [],
      localEndpoints: [],
      listenPorts: [port],
      networksBehind: [],
    })),
  )

test('every cable ends at a bridge that is there', () => {
  fc.assert(
    fc.property(labNodes, (nodes) => {
      const { machines } = layOut(nodes)
      const bridges = new Set(machines.flatMap((m) => m.bridges.map((bridge) => `${m.name} ${bridge.name}`)))
      for (const cable of machines.flatMap((m) => m.cables)) {
        assert.ok(bridges.has(`${cable.to.machine} ${cable.to.bridge}`))
      }
    }),
  )
})

test('every node is one machine, and no address is given twice', () => {
  fc.assert(
    fc.property(labNodes, (nodes) => {
      const { machines } = layOut(nodes)
      const hosts = machines.filter((m) => m.role === 'host').map((m) => m.name)
      assert.deepEqual(
        hosts,
        nodes.map((node) => node.name),
      )
      const all = machines.flatMap((m) => [...m.cables, ...m.bridges].flatMap((link) => link.addresses))
      assert.equal(new Set(all).size, all.length)
    }),
  )
})
