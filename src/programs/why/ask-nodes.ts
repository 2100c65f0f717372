/** The facts of several nodes at once: this machine's own directly, others through `--via`. */
import { type FactQuestions, type NodeFacts, parseFacts } from '../../diagnosis/index.ts'
import { inParallel } from '../fleet/in-parallel.ts'
import { NodeCommandFailed, parseVia, runOnNode, type Via } from '../fleet/via.ts'
import { thisNode } from '../planning/this-node.ts'
import { collectFacts } from './facts/collect.ts'

export interface AskOptions {
  readonly via?: string
  readonly remoteCommand: string
  readonly timeout: number
  readonly runDir: string
  /** Phones and such: nobody there to ask. */
  readonly withoutAgent?: ReadonlySet<string>
}

export interface Answers {
  readonly facts: ReadonlyMap<string, NodeFacts>
  readonly unreachable: ReadonlyMap<string, string>
}

/** All at the same time: what one sends the others are to hear. */
export async function askNodes(
  questions: ReadonlyMap<string, FactQuestions>,
  options: AskOptions,
): Promise<Answers> {
  const via = options.via === undefined ? undefined : parseVia({ ...options, via: options.via })
  const outcomes = await inParallel([...questions.keys()], {
    limit: questions.size,
    isExpected: (error) => error instanceof NodeCommandFailed,
    run: (node) => askNode(node, questions.get(node) as FactQuestions, { ...options, reach: via }),
  })
  const facts = new Map<string, NodeFacts>()
  const unreachable = new Map<string, string>()
  for (const outcome of outcomes) {
    if (outcome.kind === 'done') facts.set(outcome.node, outcome.value)
    else unreachable.set(outcome.node, outcome.reason)
  }
  return { facts, unreachable }
}

async function askNode(
  node: string,
  questions: FactQuestions,
  { reach, runDir, withoutAgent }: AskOptions & { readonly reach: Via | undefined },
): Promise<NodeFacts> {
  if (node === thisNode()) return collectFacts(questions, { runDir })
  if (withoutAgent?.has(node)) throw new NodeCommandFailed(node, 'it runs no agent, so nobody can be asked')
  if (reach === undefined) throw new NodeCommandFailed(node, 'it is another machine, and there is no --via')
  const input = JSON.stringify(questions)
  const facts = parseFacts(await runOnNode(node, reach, { args: ['node', 'facts', '--ask'], input }))
  if (facts === undefined)
    throw new NodeCommandFailed(node, 'it answered with something that is not from this version of warren')
  return facts
}
