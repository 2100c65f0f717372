/** One node that follows NetlinkInterface objects, for the agent-*.test.ts beside this file. */
import { type TestContext } from 'node:test'
import { formatAllocations, NO_ALLOCATIONS } from '../../src/model/index.ts'
import { eventually } from '../harness/eventually.ts'
import { Namespace } from '../harness/namespace.ts'
import { AgentHost, USERSPACE_MAKES, type AgentMake } from './agent-hosts.ts'

/** A NetlinkInterface of node a; `spec` in YAML's flow style. */
export const link = (name: string, spec: string): string => `---
apiVersion: warren.dev/v1alpha1
kind: NetlinkInterface
metadata: { name: ${name} }
spec: { node: a, ${spec} }
`

export const alone = async (
  t: Pick<TestContext, 'after'>,
  { make = USERSPACE_MAKES[0], node = 'a' }: { readonly make?: AgentMake; readonly node?: string } = {},
): Promise<AgentHost> => {
  const net = await Namespace.create(node)
  t.after(() => net.close())
  return new AgentHost(node, net, make)
}

/** Writes the plan and waits until the agent, started if need be, took it up and is through with it. */
export const followed = async (host: AgentHost, text: string): Promise<void> => {
  const before = host.status()?.generation ?? 0
  host.writePlan(text, formatAllocations(NO_ALLOCATIONS))
  if (host.pid === 0) host.start()
  const isThrough = (): boolean => {
    const status = host.status()
    return status !== undefined && status.generation > before && status.phase !== 'Converging'
  }
  try {
    await eventually(isThrough, { timeoutMs: 30_000, what: 'the plan is taken up' })
  } catch (error) {
    throw new Error(`${host.log}\n${JSON.stringify(host.status()?.problems)}`, { cause: error })
  }
}
