/**
 * Links in real containers, by the name that their runtime gives them, as a real agent makes and keeps them.
 *
 *    b 192.0.2.2 ─────────── 192.0.2.1 a (agent)            a's own namespace: wg0's UDP socket, uplink's near end
 *      wg-b 10.4.0.2              │ :51801
 *                                 └── container web: wg0 10.4.0.1, eth1 10.9.0.2 (uplink's far end)
 */
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { test, type TestContext } from 'node:test'
import { promisify } from 'node:util'
import { generatePrivateKey, publicKeyOf } from '../../src/agent/index.ts'
import { openContainers } from '../../src/containers/index.ts'
import type { ContainerRef } from '../../src/model/index.ts'
import { realContainerd } from '../contracts/containers/real-containerd.ts'
import { realCri } from '../contracts/containers/real-cri.ts'
import { realDocker, realPodman } from '../contracts/containers/real-engine.ts'
import type { ContainerWorld, ContainerWorldKind } from '../contracts/containers/world.ts'
import { eventually, patiently } from '../harness/eventually.ts'
import { connect } from '../harness/namespace.ts'
import { needs } from '../harness/needs.ts'
import { pings, REACHED_MS, USERSPACE_MAKES, type AgentHost, type AgentMake } from './agent-hosts.ts'
import { alone, followed, link } from './agent-objects.ts'

const run = promisify(execFile)
const KEYS = { a: generatePrivateKey(), b: generatePrivateKey() }

for (const [make, kind] of [
  [USERSPACE_MAKES[0], realDocker()],
  [USERSPACE_MAKES[0], realPodman()],
  [USERSPACE_MAKES[0], realContainerd()],
  [USERSPACE_MAKES[0], realCri('pod')],
] as const) {
  const options = { ...kind.options, ...needs(make.needs), timeout: patiently(200_000) }

  test(
    `GC-05, GC-13: ${make.name} and a veth in a container of ${kind.name}, through its stop and start`,
    options,
    async (t) => {
      const { a, b, world, inside } = await scene(t, make, kind)
      await world.start()
      await followed(a, tunnel(world.ref) + uplink(world.ref))
      await followed(b, far())
      await holds({ a, b, inside })
      assert.equal(await a.net.succeeds('ip link show wg0'), false, 'wg0 is not in the own namespace')

      await world.stop()
      await eventually(() => /absent|not running|no container/.test(JSON.stringify(a.status())), {
        timeoutMs: 30_000,
        what: 'the agent says that the container is not there',
      })
      // The kernel takes a namespace apart some time after its last process, and its veths with it.
      await eventually(async () => !(await a.net.succeeds('ip link show near')), { timeoutMs: 30_000 })

      await world.start()
      await eventually(() => a.status()?.phase === 'Converged', { timeoutMs: 60_000 })
      await holds({ a, b, inside })

      await followed(a, '# nothing\n')
      assert.doesNotMatch(await inside('ip -brief link show'), /wg0|eth1/)
    },
  )
}

interface Scene {
  readonly a: AgentHost
  readonly b: AgentHost
  /** A command of this machine in the container's network namespace. */
  readonly inside: (line: string) => Promise<string>
}

async function holds({ a, b, inside }: Scene): Promise<void> {
  const within = { timeoutMs: 60_000 }
  await eventually(async () => (await inside('ip address show dev wg0')).includes('10.4.0.1/24'), within)
  await eventually(async () => (await inside('ip address show dev eth1')).includes('10.9.0.2/24'), within)
  await eventually(() => a.net.succeeds('ping -c 1 -W 1 10.9.0.2'), {
    ...within,
    what: 'a reaches the container',
  })
  await eventually(() => pings(b, '10.4.0.1'), { timeoutMs: REACHED_MS, what: 'b reaches the container' })
}

async function scene(t: TestContext, make: AgentMake, kind: ContainerWorldKind) {
  const world = await kind.open(t)
  const { dockerSocket, podmanSocket, containerdSocket, criSocket } = world.options
  // As an agent is told where a runtime listens that is not where it usually does.
  const told = {
    DOCKER_HOST: dockerSocket,
    CONTAINER_HOST: podmanSocket,
    CONTAINERD_ADDRESS: containerdSocket,
  }
  for (const [name, socket] of Object.entries({ ...told, CONTAINER_RUNTIME_ENDPOINT: criSocket }))
    if (socket !== undefined) process.env[name] = `unix://${socket}`
  const [a, b] = [await alone(t, { make }), await alone(t, { make, node: 'b' })]
  await connect([a.net, '192.0.2.1/24'], [b.net, '192.0.2.2/24'])
  return { a, b, world, inside: enter(t, world) }
}

function enter(t: TestContext, world: ContainerWorld): (line: string) => Promise<string> {
  const containers = openContainers(world.options)
  t.after(() => containers.close())
  return async (line) => {
    const found = await containers.resolve(world.ref)
    if (found.kind !== 'found') throw new Error(found.message)
    return (await run('nsenter', [`--net=${found.path}`, ...line.split(' ')])).stdout
  }
}

function inYaml(ref: ContainerRef): string {
  const { kind, ...rest } = ref
  return JSON.stringify({ [kind]: rest })
}

const uplink = (ref: ContainerRef): string =>
  link(
    'uplink',
    `type: veth, veth: { local: { interfaceName: near, addresses: [10.9.0.1/24] },
    peer: { interfaceName: eth1, addresses: [10.9.0.2/24], container: ${inYaml(ref)} } }`,
  )

const tunnel = (ref: ContainerRef): string => `---
apiVersion: warren.dev/v1alpha1
kind: WireGuardInterface
metadata: { name: in }
spec:
  node: a
  privateKey: "${KEYS.a}"
  interfaceName: wg0
  listenPort: 51801
  container: ${inYaml(ref)}
  addresses: [10.4.0.1/24]
  peers: [{ publicKey: "${publicKeyOf(KEYS.b)}", allowedIPs: [10.4.0.2/32] }]
`

const far = (): string => `---
apiVersion: warren.dev/v1alpha1
kind: WireGuardInterface
metadata: { name: out }
spec:
  node: b
  privateKey: "${KEYS.b}"
  interfaceName: wg-b
  addresses: [10.4.0.2/24]
  peers: [{ publicKey: "${publicKeyOf(KEYS.a)}", endpoint: "192.0.2.1:51801", allowedIPs: [10.4.0.1/32] }]
`
