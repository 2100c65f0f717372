/** What `warren why` does: the way by the plan, the facts of every node on it, and the judgement. */
import {
  chooseTrace,
  type Diagnosis,
  diagnose,
  type Finding,
  furtherAddresses,
  type NodeFacts,
  type PathContext,
  questionsFor,
  type Trace,
  traceOf,
} from '../../diagnosis/index.ts'
import type { WarrenObject } from '../../model/index.ts'
import { plan, type PlanResult } from '../../plan/index.ts'
import { CheckFailed } from '../exit.ts'
import { readInputs } from '../files/inputs.ts'
import { nodesWithoutAgent } from '../planning/without-agent.ts'
import { paintFor } from '../terminal/paint.ts'
import { formatStructured } from '../terminal/structured.ts'
import { standardOutput } from '../terminal/terminal.ts'
import { askNodes, type AskOptions } from './ask-nodes.ts'
import { planHere } from './plan-here.ts'
import { formatWhy } from './why-text.ts'

export interface WhyOptions extends AskOptions {
  readonly from: string
  readonly to: string
  readonly file?: readonly string[]
  readonly lock?: string
  readonly plansDir: string
  readonly family?: '4' | '6'
  /** Seconds. */
  readonly wait: number
  readonly all?: boolean
  readonly output: 'table' | 'json' | 'yaml'
}

/** Printed as JSON or YAML. */
export interface WhyResult extends Diagnosis {
  readonly from: string
  readonly to: string
  readonly source: string | null
  readonly target: string | null
  /** The nodes that the packet passes, in order. */
  readonly nodes: readonly string[]
}

/** As long as WireGuard may take to notice that the other end forgot its session (paper §6.5), and some more. */
const SECOND_LOOK_MS = 20_000
const SESSION_MS = 180_000

export async function runWhy(options: WhyOptions): Promise<void> {
  const { objects, result } = await planOf(options)
  const why = await find(result, { ...options, withoutAgent: nodesWithoutAgent(objects) })
  const terminal = standardOutput()
  if (options.output === 'table')
    terminal.write(formatWhy(why, { paint: paintFor(terminal), all: options.all ?? false }))
  else terminal.write(await formatStructured(why, options.output))
  if (why.reaches !== true || why.cause !== null) throw new CheckFailed('')
}

/** A plan with errors is no bad input here: it may be the very answer. */
async function planOf({
  file,
  lock,
  plansDir,
}: WhyOptions): Promise<{ objects: readonly WarrenObject[]; result: PlanResult }> {
  if (file === undefined) return planHere(plansDir)
  const { objects, allocations } = await readInputs(file, { lock })
  return { objects, result: plan(objects, allocations) }
}

type Find = WhyOptions & { readonly withoutAgent: ReadonlySet<string> }

async function find(result: PlanResult, options: Find): Promise<WhyResult> {
  const { from, to } = options
  const family = options.family === undefined ? undefined : options.family === '4' ? 4 : 6
  const direct = traceOf(result, { from, to, family })
  if (direct.kind === 'none') return withoutTrace(options, direct.finding)
  const other = traceOf(result, { from, to, family, shortcuts: 'down' })
  const relayed = other.kind === 'trace' ? other : direct
  let context = await gather({ direct, relayed }, options)
  let diagnosis = diagnose(context)
  if (mayChange(context, diagnosis)) {
    context = await gather({ direct, relayed }, options, SECOND_LOOK_MS)
    diagnosis = diagnose(context)
  }
  const { nodes, source, target } = context.trace
  return { from, to, source, target, nodes, ...diagnosis }
}

function withoutTrace({ from, to }: WhyOptions, cause: Finding): WhyResult {
  return { from, to, source: null, target: null, nodes: [], reaches: false, findings: [cause], cause }
}

/** Waiting helps where agents are about to withdraw a direct path, or one end has yet to notice a dead session. */
function mayChange({ trace, facts, unreachable }: PathContext, { reaches, cause }: Diagnosis): boolean {
  if (reaches !== false || cause === null) return false
  if (trace.legs.some(({ near }) => near.peer.path === 'while-alive')) return true
  // An end that was not asked sends nothing to find out, so nothing new would be heard.
  return cause.check === 'handshake' && unreachable.size === 0 && [...facts.values()].some(hasSession)
}

function hasSession({ wireguard, nowMs }: NodeFacts): boolean {
  return wireguard.some(({ peers }) =>
    peers.some(({ lastHandshakeMs }) => lastHandshakeMs !== null && nowMs - lastHandshakeMs < SESSION_MS),
  )
}

interface Ways {
  readonly direct: Trace
  readonly relayed: Trace
}

async function gather(ways: Ways, options: Find, patienceMs = options.wait * 1000): Promise<PathContext> {
  const traces = [ways.direct, ways.relayed]
  const nodes = [...new Set(traces.flatMap((trace) => trace.nodes))]
  const first = await askNodes(
    new Map(nodes.map((node) => [node, questionsFor(traces, node, { patienceMs })])),
    options,
  )
  const trace = chooseTrace(ways, first.facts)
  const context: PathContext = { ...first, trace }
  const further = furtherAddresses(context)
  if (further.size === 0) return context
  const more = await askNodes(
    new Map([...further].map(([node, addresses]) => [node, only(addresses)])),
    options,
  )
  return {
    ...context,
    facts: new Map([...first.facts].map(([node, own]) => [node, joined(own, more.facts.get(node))])),
  }
}

function only(addresses: readonly string[]) {
  return {
    addresses,
    interfaces: [],
    peers: [],
    hosts: [],
    arrivals: [],
    probes: [],
    patienceMs: 0,
    delayMs: 0,
  }
}

function joined(own: NodeFacts, more: NodeFacts | undefined): NodeFacts {
  return more === undefined ? own : { ...own, lookups: [...own.lookups, ...more.lookups] }
}
