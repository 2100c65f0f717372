/**
 * What `warren node put` does. The plan is checked here too, together with the others this node has, because
 * what is written to the folder is what the agent will use. Nothing else is touched: the agent notices.
 */
import { mkdirSync } from 'node:fs'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'

import type { AgentStatus } from '../../agent/index.ts'
import {
  isSecretText,
  type Allocations,
  parseAllocations,
  parseObjects,
  type Problem,
  type WarrenObject,
} from '../../model/index.ts'
import { plan } from '../../plan/index.ts'
import { FileSource } from '../../sources/index.ts'
import { BadInput } from '../exit.ts'
import { hasErrors } from '../files/inputs.ts'
import { readText } from '../files/read-text.ts'
import { writeTextAtomically } from '../files/write-text.ts'
import { readAgentStatus, waitForAgent } from './agent-status.ts'
import { parseBundle } from './bundle.ts'
import { armChange, endWait, type Guard, type GuardOptions } from './guarded-change.ts'
import { planArgumentProblems } from './plan-name.ts'

export interface NodePutOptions extends GuardOptions {
  readonly plansDir: string
  readonly runDir: string
  readonly wait: string
}

/** Printed as JSON. */
export interface NodePutResult {
  readonly name: string
  readonly digest: string
  /** Null: no agent runs here. */
  readonly agent:
    | (Pick<AgentStatus, 'phase' | 'conditions' | 'problems'> & { readonly current: boolean })
    | null
  /** Null: it stays. Otherwise it is taken back then, unless it is confirmed by this name. */
  readonly pending: Guard | null
}

export async function runNodePut(name: string, options: NodePutOptions): Promise<void> {
  const read = await readText('-')
  const bundle = 'text' in read ? parseBundle(read.text) : undefined
  const problems = planArgumentProblems(name, options)
  if ('problem' in read) problems.push(read.problem)
  else if (!bundle)
    problems.push({
      code: 'InvalidArgument',
      path: 'standard input',
      message: 'not a bundle of this version',
    })
  if (problems.length > 0 || !bundle) throw new BadInput(problems)

  const objects = await check(name, bundle, options.plansDir)
  const plan = { path: join(options.plansDir, `${name}.yaml`), text: bundle.objects }
  const lock = { path: join(options.plansDir, `${name}.lock.yaml`), text: bundle.allocations }
  mkdirSync(options.plansDir, { recursive: true, mode: 0o755 })
  const isGuarded = (await readAgentStatus(options.runDir))?.guarded === true
  const guard = await armChange([lock, plan], { ...options, isGuarded })
  if (guard === undefined && options.confirmWithin === undefined) await endWait(options.stateDir)
  // The lock first: a plan without its allocations would make the agent wait, the other way round it does not.
  writeTextAtomically(lock.path, lock.text, { mode: 0o644 })
  writeTextAtomically(plan.path, plan.text, { mode: holdsSecret(objects) ? 0o600 : 0o644 })
  const { digest } = await new FileSource({ dir: options.plansDir }).read()
  const change = options.force ? undefined : guard?.id
  const status = await waitForAgent(options.runDir, { digest, seconds: Number(options.wait), change })
  const result: NodePutResult = {
    name,
    digest,
    agent: status
      ? {
          phase: status.phase,
          conditions: status.conditions,
          problems: status.problems,
          current: status.digest === digest,
        }
      : null,
    pending: guard ?? null,
  }
  process.stdout.write(`${JSON.stringify(result)}\n`)
}

/** The new plan on its own, then together with the others that are already here. */
async function check(
  name: string,
  bundle: { readonly objects: string; readonly allocations: string },
  plans: string,
): Promise<readonly WarrenObject[]> {
  const { objects, problems } = parseObjects(bundle.objects, { file: `${name}.yaml` })
  const lock = parseAllocations(bundle.allocations, { file: `${name}.lock.yaml` })
  const own = [...problems, ...lock.problems]
  if (hasErrors(own)) throw new BadInput(own)
  const others = await readOthers(name, plans)
  const networks = { ...others.allocations.networks, ...lock.allocations.networks }
  const result = plan([...objects, ...others.objects], { networks })
  if (hasErrors(result.problems)) throw new BadInput(result.problems.map((p) => besideOthers(p, plans)))
  return objects
}

/** The new plan alone was fine, so what it repeats is in another file of this node: its name was changed, mostly. */
const besideOthers = (problem: Problem, plans: string): Problem =>
  problem.code === 'DuplicateObject'
    ? {
        ...problem,
        message: `${problem.message}, one of them in another file of ${plans} on this node: push it under the name of that file (--name), or remove that file`,
      }
    : problem

async function readOthers(
  name: string,
  plans: string,
): Promise<{ objects: WarrenObject[]; allocations: Allocations }> {
  const objects: WarrenObject[] = []
  const networks: Record<string, Allocations['networks'][string]> = {}
  for (const entry of await readdir(plans).catch(() => [])) {
    if (!/^[^.].*\.ya?ml$/.test(entry) || entry === `${name}.yaml` || entry === `${name}.lock.yaml`) continue
    const read = await readText(join(plans, entry))
    // A neighbour that is unreadable is the agent's to complain about; it must not stop its own repair.
    if (!('text' in read)) continue
    if (/\.lock\.ya?ml$/.test(entry)) {
      Object.assign(networks, parseAllocations(read.text, { file: entry }).allocations.networks)
    } else {
      objects.push(...parseObjects(read.text, { file: entry }).objects)
    }
  }
  return { objects, allocations: { networks } }
}

function holdsSecret(value: unknown): boolean {
  if (isSecretText(value)) return true
  return typeof value === 'object' && value !== null && Object.values(value).some(holdsSecret)
}
