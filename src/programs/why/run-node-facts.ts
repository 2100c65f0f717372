/** What `warren node facts` does: `warren why` runs it on each node of a path, with questions on standard input. */
import { type FactQuestions, parseQuestions, questionsFor, traceOf } from '../../diagnosis/index.ts'
import type { Problem } from '../../model/index.ts'
import { BadInput } from '../exit.ts'
import { readText } from '../files/read-text.ts'
import { thisNode } from '../planning/this-node.ts'
import { collectFacts } from './facts/collect.ts'
import { planHere } from './plan-here.ts'

export interface NodeFactsOptions {
  readonly for?: string
  readonly ask?: boolean
  readonly runDir: string
  readonly plansDir: string
}

const NOTHING: FactQuestions = {
  ...{ addresses: [], interfaces: [], peers: [], hosts: [], arrivals: [], probes: [] },
  ...{ patienceMs: 6000, delayMs: 0 },
}

export async function runNodeFacts(options: NodeFactsOptions): Promise<void> {
  const questions = options.ask ? await asked() : await ownQuestions(options)
  const facts = await collectFacts(questions, options)
  process.stdout.write(`${JSON.stringify(facts)}\n`)
}

async function asked(): Promise<FactQuestions> {
  const read = await readText('-')
  const questions = 'text' in read ? parseQuestions(read.text) : undefined
  if (questions !== undefined) return questions
  throw new BadInput([wrong('standard input', 'not questions of this version')])
}

async function ownQuestions({ for: to, plansDir }: NodeFactsOptions): Promise<FactQuestions> {
  if (to === undefined) return NOTHING
  const from = thisNode()
  const { result } = await planHere(plansDir)
  const trace = traceOf(result, { from, to })
  if (trace.kind === 'trace') return questionsFor([trace], from)
  throw new BadInput([wrong(to, trace.finding.says)])
}

function wrong(path: string, message: string): Problem {
  return { code: 'InvalidArgument', path, message }
}
