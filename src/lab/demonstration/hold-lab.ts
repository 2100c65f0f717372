/** `warren lab up`: the machines of a plan and, unless bare, their agents, keys and plan. Then it just stays. */
import type { Syscalls } from '../../linux/index.ts'
import { NO_ALLOCATIONS, parseAllocations, parseObjects } from '../../model/index.ts'
import { Lab } from '../runtime/lab.ts'
import { type LineQuality, setLineQuality } from '../runtime/line-quality.ts'
import { layOut } from '../topology/lay-out.ts'
import type { NatBehaviour } from '../topology/topology.ts'
import { Agents } from './agents.ts'
import { bringUp } from './bring-up.ts'
import type { DemonstrationEvent, DemonstrationOrder } from './events.ts'
import { machineStates } from './machine-states.ts'
import { planFacts } from './plan-facts.ts'
import { environment } from './run-program.ts'
import { Stage } from './stage.ts'
import { writePlan } from './write-plan.ts'

export interface HoldOrder extends Omit<DemonstrationOrder, 'breakage'> {
  readonly lockText: string | undefined
  readonly bare: boolean
  /** By site; `*` for all others. */
  readonly nats: readonly (readonly [string, NatBehaviour])[]
  /** Share of the packets into each host, 0 to 1. */
  readonly loss: number
  readonly line: LineQuality
}

export interface HoldOptions {
  readonly sys: Syscalls
  readonly order: HoldOrder
  readonly emit: (event: DemonstrationEvent) => void
}

export async function holdLab({ sys, order, emit }: HoldOptions): Promise<void> {
  const { objects } = parseObjects(order.text, { file: order.file })
  const { allocations } =
    order.lockText === undefined
      ? { allocations: NO_ALLOCATIONS }
      : parseAllocations(order.lockText, { file: 'lock' })
  const facts = planFacts(objects, allocations)
  const lab = await Lab.open(sys, layOut(facts.nodes, { nats: new Map(order.nats), loss: order.loss }))
  for (const host of lab.hosts) setLineQuality(host, 'eth0', order.line)
  emit({ kind: 'machines', machines: machineStates(lab) })
  const agents = new Agents({ warren: order.warren, env: environment(order.binFolder) })
  const stage = new Stage({ lab, facts, order, agents, emit })
  if (!order.bare) {
    const planFile = writePlan({ folder: order.folder, file: order.file, objects, allocations })
    for (const machine of lab.hosts) agents.start(machine)
    await bringUp(stage, { planFile, objects, interop: undefined })
  }
  emit({ kind: 'up', failed: stage.failed })
}
