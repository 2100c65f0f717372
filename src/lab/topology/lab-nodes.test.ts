/** Plans → nodes of a lab: ports where allocations have them, groups written out, networks joined. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { NO_ALLOCATIONS, parseObjects } from '../../model/index.ts'
import { labNodesOf } from './lab-nodes.ts'

function objectsOf(...specs: readonly string[]): Parameters<typeof labNodesOf>[0] {
  const documents = specs.map(
    (spec, index) =>
      `apiVersion: warren.dev/v1alpha1\nkind: WireGuardNetworkPlan\nmetadata: { name: net${index} }\nspec: ${spec}\n`,
  )
  const { objects, problems } = parseObjects(documents.join('---\n'), { file: 'test' })
  assert.deepEqual(problems, [])
  return objects
}

test('an endpoint’s port is the public one, the listen port the node’s own', () => {
  const objects = objectsOf('{ nodes: [{ name: hub, endpoint: "hub.example.net:443", listenPort: 51830 }] }')
  const [hub] = labNodesOf(objects, NO_ALLOCATIONS)
  assert.deepEqual(hub?.endpoints, [{ host: 'hub.example.net', port: 443, listenPort: 51830 }])
})

test('an endpoint without a port stands for every interface of the node', () => {
  const objects = objectsOf('{ nodes: [{ name: lax1, endpoint: 192.0.2.3 }] }')
  const interfaces = [52820, 52821].map((listenPort) => ({ name: `wg${listenPort}`, listenPort }))
  const allocations = { networks: { 'default/net0': { nodes: { lax1: { addresses: [], interfaces } } } } }
  assert.deepEqual(
    labNodesOf(objects, allocations)[0]?.endpoints.map(({ port }) => port),
    [52820, 52821],
  )
})

test('a group is as many nodes as it counts', () => {
  const objects = objectsOf('{ nodeGroups: [{ names: "worker-{n}", from: 1, to: 3, site: rack }] }')
  assert.deepEqual(
    labNodesOf(objects, NO_ALLOCATIONS).map(({ name, site }) => [name, site]),
    [
      ['worker-1', 'rack'],
      ['worker-2', 'rack'],
      ['worker-3', 'rack'],
    ],
  )
})

test('a node of two networks is one machine with the ports of both', () => {
  const objects = objectsOf(
    '{ nodes: [{ name: a, site: home, listenPort: 1000 }] }',
    '{ nodes: [{ name: a, endpoint: "a.example.net:2000", listenPort: 2000 }] }',
  )
  const [a, ...others] = labNodesOf(objects, NO_ALLOCATIONS)
  assert.deepEqual(others, [])
  assert.deepEqual([a?.site, a?.listenPorts, a?.endpoints.length], ['home', [1000, 2000], 1])
})
