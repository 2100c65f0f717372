/** Plans → topologies, told by what a person would look for in them. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { LabNode } from './lab-node.ts'
import { LabRefusal } from './lab-refusal.ts'
import { layOut } from './lay-out.ts'
import type { LabMachine, LabTopology } from './topology.ts'

const node = (name: string, given: Partial<LabNode> = {}): LabNode => ({
  name,
  site: undefined,
  endpoints: [],
  localEndpoints: [],
  listenPorts: [51820],
  networksBehind: [],
  ...given,
})
const at = (host: string, port = 51820, listenPort = 51820) => ({ host, port, listenPort })

const HOMELAB = [
  node('phy01', { endpoints: [at('hub.example.net')] }),
  node('k3s'),
  node('white-amd', { site: 'home-a', localEndpoints: [at('192.168.1.20')] }),
  node('lenovo-laptop', { site: 'home-a' }),
  node('rpi4', { site: 'home-b' }),
]

const machine = (topology: LabTopology, name: string): LabMachine => {
  const found = topology.machines.find((one) => one.name === name)
  assert.ok(found, `no machine ${name}`)
  return found
}
const addresses = (topology: LabTopology, name: string): readonly string[] =>
  machine(topology, name).cables.flatMap((cable) => cable.addresses)

test('a node with an endpoint is public under its name, with its one UDP port open', () => {
  const topology = layOut(HOMELAB)
  assert.deepEqual(addresses(topology, 'phy01'), ['203.0.113.10/24', '2001:db8:1::10/64'])
  assert.deepEqual(topology.names, [{ name: 'hub.example.net', address: '203.0.113.10' }])
  assert.deepEqual(machine(topology, 'phy01').firewall?.openUdp, [51820])
})

test('a node without endpoint and site is public and closed', () => {
  const { firewall, cables } = machine(layOut(HOMELAB), 'k3s')
  assert.deepEqual(firewall?.openUdp, [])
  assert.equal(cables[0]?.to.bridge, 'servers')
})

test('nodes of one site stand in the LAN of their local endpoint behind one NAT', () => {
  const topology = layOut(HOMELAB)
  assert.deepEqual(addresses(topology, 'white-amd'), ['192.168.1.20/24'])
  assert.deepEqual(addresses(topology, 'lenovo-laptop'), ['192.168.1.21/24'])
  assert.deepEqual(machine(topology, 'router-home-a').bridges, [
    { name: 'lan', addresses: ['192.168.1.1/24'] },
  ])
  assert.deepEqual(machine(topology, 'white-amd').firewall?.openUdp, [51820])
})

test('a site without local endpoints gets a LAN of its own', () => {
  assert.deepEqual(addresses(layOut(HOMELAB), 'rpi4'), ['192.168.102.20/24'])
})

test('routers map independently of the endpoint and filter by address and port unless told otherwise', () => {
  const nats = new Map([
    ['home-b', { mapping: 'address-dependent', filtering: 'endpoint-independent' } as const],
  ])
  const topology = layOut(HOMELAB, { nats })
  const { mapping, filtering } = machine(topology, 'router-home-a').nat ?? {}
  assert.deepEqual([mapping, filtering], ['endpoint-independent', 'address-and-port-dependent'])
  assert.equal(machine(topology, 'router-home-b').nat?.mapping, 'address-dependent')
})

test('what the outside can route to is routers and servers, never a LAN', () => {
  const names = layOut(HOMELAB).publicAddresses.map((one) => one.machine)
  assert.deepEqual([...new Set(names)], ['router-home-a', 'router-home-b', 'phy01', 'k3s'])
})

test('an endpoint that is an address becomes an address of the host, which the backbone routes to it', () => {
  const topology = layOut([node('lax1', { endpoints: [at('192.168.65.3')] })])
  assert.ok(addresses(topology, 'lax1').includes('192.168.65.3/32'))
  assert.deepEqual(machine(topology, 'backbone').routes, [
    { destination: '192.168.65.3/32', gateway: '203.0.113.10' },
  ])
})

test('a public port other than the listen port is redirected', () => {
  const topology = layOut([node('hub', { endpoints: [at('hub.example.net', 443)] })])
  assert.deepEqual(machine(topology, 'hub').firewall?.redirects, [{ from: 443, to: 51820 }])
})

test('an endpoint inside a home is a port forward of its router', () => {
  const topology = layOut([node('nas', { site: 'home', endpoints: [at('nas.example.net', 4500)] })])
  assert.deepEqual(machine(topology, 'router-home').nat?.forwards, [
    { port: 4500, address: '192.168.101.20', toPort: 51820 },
  ])
  assert.deepEqual(topology.names, [{ name: 'nas.example.net', address: '198.51.100.10' }])
})

test('networks behind a node are bridges of it, and it forwards', () => {
  const { bridges, forwards } = machine(
    layOut([node('office', { networksBehind: ['192.168.70.0/24'] })]),
    'office',
  )
  assert.deepEqual(bridges, [{ name: 'behind0', addresses: ['192.168.70.1/24'] }])
  assert.equal(forwards, true)
})

test('one home in two LANs is refused with both named', () => {
  const nodes = [
    node('a', { site: 'home', localEndpoints: [at('192.168.1.2')] }),
    node('b', { site: 'home', localEndpoints: [at('192.168.2.2')] }),
  ]
  assert.throws(
    () => layOut(nodes),
    (error) => error instanceof LabRefusal && /192\.168\.1\.0\/24 and 192\.168\.2\.0\/24/.test(error.message),
  )
})
