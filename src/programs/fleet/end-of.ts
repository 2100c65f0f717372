/** What becomes of a plan that one node was given: kept, confirmed, refused, taken back. */
import type { WarrenObject } from '../../model/index.ts'
import type { PutAnswer } from './answers.ts'
import type { AtMost } from './at-most.ts'
import { confirmChange, takeBackChange } from './confirmation.ts'
import type { Outcome } from './in-parallel.ts'
import { printable, type Via } from './via.ts'

/** What the node said, or why it said nothing. */
export interface Given {
  /** What the change is called there. */
  readonly change: string
  /** On the clock of performance.now(). */
  readonly untilMs: number
  readonly answer?: PutAnswer
  readonly trouble?: string
}

export interface EndOptions {
  readonly via: Via
  readonly atMost: AtMost
  readonly objects: readonly WarrenObject[]
  readonly wait: string
  /** False: what is given stays. */
  readonly confirm: boolean
  /** Whatever it cuts off. */
  readonly force?: boolean
}

export interface End {
  readonly words: string
  /** Why its agent has not made it so, although the node has the plan. */
  readonly notSo?: string
  /** It has the plan before, or will have it when its time is over. */
  readonly isTakenBack?: true
}

/** `may`: whether those that it calls have kept theirs. */
export async function endOf(
  node: string,
  { answer, trouble, change, untilMs }: Given,
  o: EndOptions & { readonly may: Promise<boolean> },
): Promise<Outcome<End>> {
  const done = (end: End): Outcome<End> => ({ node, kind: 'done', value: end })
  const awaited = { ...o, change, untilMs }
  if (answer === undefined) {
    const failed = { node, kind: 'failed', reason: trouble ?? '' } as const
    if (!o.confirm || o.force) return failed
    // It may have got the plan all the same: what has become of it is worth a look.
    const { kind, ...end } = { why: '', ...(await confirmChange(node, { ...awaited, seen: false })) }
    if (kind === 'confirmed') return done({ words: 'has the plan, confirmed' })
    return kind === 'unknown' ? failed : done({ words: '', notSo: printable(end.why), isTakenBack: true })
  }
  const reason = o.wait === '0' || !answer.agent ? undefined : whyNotAsPlanned(answer.agent, o.objects)
  const notSo = reason === undefined ? {} : { notSo: printable(reason) }
  const words = wordsFor(answer)
  if (!answer.isPending || o.force || (reason !== undefined && !answer.agent?.current))
    return done({ words, ...notSo })
  if (!(await o.may)) {
    await takeBackChange(node, { ...awaited, seen: true })
    const why = 'takes the plan back, because a node that it calls does'
    return done({ words, notSo: why, isTakenBack: true })
  }
  const seen = answer.agent?.phase === 'Converged' && answer.agent.current
  const end = await confirmChange(node, { ...awaited, seen })
  if (end.kind === 'confirmed') return done({ words: `${words}, confirmed`, ...notSo })
  return done({ words, notSo: printable(end.why), isTakenBack: true })
}

function whyNotAsPlanned(
  agent: NonNullable<PutAnswer['agent']>,
  objects: readonly WarrenObject[],
): string | undefined {
  const errors = agent.problems.filter((problem) => problem.severity !== 'warning')
  const cut = errors.find((problem) => problem.code === 'WouldCutOff')
  if (cut) return `refuses the plan: ${cut.message}`
  if (!agent.current) return 'has the plan, but its agent has not taken it up yet'
  const names = new Set(objects.map(({ kind, metadata }) => `${kind}/${metadata.name}`))
  if (agent.phase !== 'Converged') {
    const [first] = errors
    return `has the plan, but its agent says ${agent.phase}${first ? `: ${first.path}: ${first.message}` : ''}`
  }
  // An agent that refuses an object keeps what ran before, and is converged to that.
  const refused = errors.find((problem) => names.has(problem.path.split(' ', 1)[0] ?? ''))
  return refused && `has the plan, but its agent refuses it: ${refused.path}: ${refused.message}`
}

function wordsFor({ agent }: PutAnswer): string {
  if (!agent) return 'has the plan; no agent runs there yet'
  return agent.current ? agent.phase.toLowerCase() : 'has the plan'
}
