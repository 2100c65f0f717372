/**
 * The main job, shown: a plan's machines come to life in a lab, get their keys and their plan as a user would give
 * them, and then every promise is tried. Runs inside the keeper; the fingerprints of the real host, first and last,
 * are taken outside.
 */
import { type Syscalls } from '../../linux/index.ts'
import { NO_ALLOCATIONS, parseObjects, type WarrenObject } from '../../model/index.ts'
import { Lab } from '../runtime/lab.ts'
import type { Machine } from '../runtime/machine.ts'
import { layOut } from '../topology/lay-out.ts'
import { Agents } from './agents.ts'
import { breakIt } from './break-it.ts'
import { bringUp, placeOf } from './bring-up.ts'
import type { DemonstrationEvent, DemonstrationOrder, DemonstrationResult } from './events.ts'
import { proveHealing } from './heal.ts'
import { pickInterop, showWithWg } from './interop.ts'
import { machineStates } from './machine-states.ts'
import { planFacts } from './plan-facts.ts'
import { proveReachability } from './reach.ts'
import { proveClosed } from './scan.ts'
import { environment } from './run-program.ts'
import { writePlan } from './write-plan.ts'
import { Stage } from './stage.ts'
import { proveStreamSurvives } from './survive.ts'

export interface DemonstrateOptions {
  readonly sys: Syscalls
  readonly order: DemonstrationOrder
  readonly emit: (event: DemonstrationEvent) => void
}

/** The lab stays up when this returns; it goes with the process. */
export async function demonstrate({ sys, order, emit }: DemonstrateOptions): Promise<DemonstrationResult> {
  emit({ kind: 'step', number: 2, title: 'the machines, and their network comes up' })
  const parsed = parseObjects(order.text, { file: order.file }).objects
  const interopNode = pickInterop(planFacts(parsed, NO_ALLOCATIONS))
  const objects = interopNode === undefined ? parsed : withoutAgent(parsed, interopNode)
  const planFile = writePlan({ folder: order.folder, file: order.file, objects })
  const before = planFacts(objects, NO_ALLOCATIONS)
  const lab = await Lab.open(sys, layOut(before.nodes))
  emit({ kind: 'machines', machines: machineStates(lab) })
  const agents = new Agents({ warren: order.warren, env: environment(order.binFolder) })
  const stage = new Stage({ lab, facts: before, order, agents, emit })
  stage.note(`${lab.hosts.length} machines: ${lab.hosts.map((m) => `${m.name} (${placeOf(m)})`).join(', ')}`)
  for (const machine of lab.hosts) if (machine.name !== interopNode) agents.start(machine)
  const interop = interopNode === undefined ? undefined : lab.machine(interopNode)
  const broughtUp = await bringUp(stage, { planFile, objects, interop })
  if (order.breakage) stage.note(`broken on purpose: ${await breakIt(stage, order.breakage)}`)
  return await prove(stage, { ...broughtUp, interop })
}

async function prove(
  stage: Stage,
  given: { convergeMs: number; backend: 'userspace' | 'kernel'; interop: Machine | undefined },
): Promise<DemonstrationResult> {
  stage.step(3, 'who reaches whom')
  const reached = await proveReachability(stage)
  stage.step(4, 'other implementations')
  const interop = await showWithWg(stage, given.interop)
  stage.step(5, 'a port scan from outside')
  const openPorts = await proveClosed(stage)
  stage.step(6, 'damage, and its repair')
  const healMs = await proveHealing(stage)
  stage.step(7, 'an agent dies, the traffic does not')
  const streamSurvived = await proveStreamSurvives(stage)
  return {
    hosts: stage.lab.hosts.length,
    links: stage.facts.links.length,
    backend: given.backend,
    ...reached,
    interop,
    openPorts,
    healMs,
    streamSurvived,
    convergeMs: given.convergeMs,
    failed: stage.failed,
  }
}

/** One machine of the plan without an agent, as the plan itself can say it. */
function withoutAgent(objects: readonly WarrenObject[], node: string): WarrenObject[] {
  return objects.map((object) => {
    if (object.kind !== 'WireGuardNetworkPlan') return object
    const nodes = object.spec.nodes.map((spec) => (spec.name === node ? { ...spec, agent: false } : spec))
    return { ...object, spec: { ...object.spec, nodes } }
  })
}
