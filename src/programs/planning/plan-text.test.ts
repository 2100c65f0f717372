/** What people read about a plan. */
import assert from 'node:assert/strict'
import { test } from 'node:test'

import { parseObjects } from '../../model/index.ts'
import { plan } from '../../plan/index.ts'
import { paintFor } from '../terminal/paint.ts'
import { formatNodePlan, formatPlanTable, keysMissingFor } from './plan-text.ts'
import { formatGraph } from './run-graph.ts'

const HUB = 'yAnz5TF+lXXJte14tji3zlMNq+hd2rYUIgJBgB3fBmk='
const SPOKE = 'xTIBA5rboUvnH4htodjb6e697QjLERt1NAB4mZqp8Dg='
const { objects } = parseObjects(
  `apiVersion: warren.dev/v1alpha1
kind: WireGuardNetworkPlan
metadata: { name: home }
spec:
  cidrs: [10.0.0.0/24]
  hubs: [hub]
  interface: { name: wg0 }
  nodes:
  - { name: hub, endpoint: "hub.example.net:51820", addresses: [10.0.0.1], publicKey: "${HUB}" }
  - { name: node-10, addresses: [10.0.0.10], site: home, publicKey: "${SPOKE}" }
  - { name: node-9, addresses: [10.0.0.9], site: home, localEndpoint: "192.168.1.9" }
`,
  { file: 'home.yaml' },
)
const result = plan(objects, { networks: {} })
const plain = paintFor({ colour: false })

test('the table has one line per interface, in the order of people', () => {
  assert.equal(
    formatPlanTable(result, plain),
    `NODE     INTERFACE     ADDRESSES     PORT   PEERS            KEY
hub      wg0 (relays)  10.0.0.1/24   51820  node-9, node-10  yAnz5TF+…
node-9   wg0           10.0.0.9/24   51820  hub, node-10     not made yet
node-10  wg0           10.0.0.10/24  51820  hub, node-9      xTIBA5rb…
`,
  )
})

test('one node is shown with everything its peers may do, and with the peers that have no key yet', () => {
  const intent = result.intents.get('node-10')
  assert.ok(intent)
  assert.equal(
    formatNodePlan(intent, result.links, plain),
    `wg0  WireGuardNetworkPlan/home
  public key: ${SPOKE}
  addresses: 10.0.0.10/24
  listen port: 51820
  mtu: 1420
  peer hub: 10.0.0.0/24; at hub.example.net:51820; keepalive 25 s
  peer node-9: no key yet
`,
  )
  const network = 'default/home'
  assert.deepEqual(keysMissingFor(intent, result), [{ network, node: 'node-9', agent: true }])
})

test('the end of a link names its peer, whether or not that has a key', () => {
  const links = parseObjects(
    `apiVersion: warren.dev/v1alpha1
kind: WireGuardNetworkPlan
metadata: { name: home }
spec:
  nodes: [{ name: a, endpoint: 192.0.2.1 }, { name: b, publicKey: "${HUB}" }, { name: c }]
  links: [{ ends: [{ node: a }, { node: b }] }, { ends: [{ node: a }, { node: c }] }]
`,
    { file: 'links.yaml' },
  )
  const made = plan(links.objects, { networks: {} })
  const intent = made.intents.get('a')
  assert.ok(intent)
  const text = formatNodePlan(intent, made.links, plain)
  assert.equal(
    text.match(/^ {2}peer .*$/gm)?.join('\n'),
    '  peer b: 0.0.0.0/0, ::/0; calls in\n  peer c: no key yet',
  )
  assert.match(formatPlanTable(made, plain), /^a +wg-a-c-0 .* c +not made yet$/m)
  assert.deepEqual(
    keysMissingFor(intent, made).map(({ node }) => node),
    ['a', 'c'],
  )
})

test('the graph draws sites, relays and who calls whom', () => {
  const graph = formatGraph(objects, result)
  assert.match(graph, /^flowchart LR\n/)
  assert.match(graph, / n0\[\["hub<br\/>10\.0\.0\.1"\]\]\n/)
  assert.match(
    graph,
    /subgraph "home"\n {4}n1\["node-10<br\/>10\.0\.0\.10"\]\n {4}n2\["node-9<br\/>10\.0\.0\.9"\]\n {2}end\n/,
  )
  assert.match(graph, / n1 --> n0\n/)
})

const wired = parseObjects(
  `apiVersion: warren.dev/v1alpha1
kind: NetlinkInterface
metadata: { name: br-lan }
spec: { node: a, interfaceName: br0, type: bridge, addresses: [10.2.3.1/24], bridge: { ports: [v1, v2], stp: true } }
---
apiVersion: warren.dev/v1alpha1
kind: NetlinkInterface
metadata: { name: v1 }
spec:
  node: a
  type: veth
  mtu: 1400
  adopt: true
  veth: { peer: { interfaceName: eth1, addresses: [10.2.3.2/24], routes: [{ to: 10.5.0.0/16, via: 10.2.3.1, metric: 5 }], container: { docker: { name: web } } } }
`,
  { file: 'wired.yaml' },
)

test('links that are not WireGuard have a table of their own, and so has a plan of nothing else', () => {
  assert.equal(
    formatPlanTable(plan(wired.objects, { networks: {} }), plain),
    `NODE  LINK  KIND    ADDRESSES    MTU   WHERE       SETTINGS
a     br0   bridge  10.2.3.1/24                    stp on, ports v1 v2
a     eth1  veth    10.2.3.2/24  1400  docker:web  peer v1
a     v1    veth                 1400              peer eth1@docker:web
`,
  )
  const both = formatPlanTable(plan([...objects, ...wired.objects], { networks: {} }), plain)
  assert.match(both, /^NODE .*KEY\n(.*\n){3}\nNODE .*SETTINGS\n(.*\n){3}$/)
})

test('GC-17 one node shows each link with all that it is to have', () => {
  const intent = plan(wired.objects, { networks: {} }).intents.get('a')
  assert.ok(intent)
  assert.equal(
    formatNodePlan(intent, [], plain),
    `br0  bridge  NetlinkInterface/br-lan
  settings: stp on, ports v1 v2
  addresses: 10.2.3.1/24

eth1  veth  NetlinkInterface/v1
  in: docker:web
  settings: peer v1
  addresses: 10.2.3.2/24
  mtu: 1400
  routes: 10.5.0.0/16 via 10.2.3.1 metric 5
  adopt: yes

v1  veth  NetlinkInterface/v1
  settings: peer eth1@docker:web
  mtu: 1400
  adopt: yes
`,
  )
})
