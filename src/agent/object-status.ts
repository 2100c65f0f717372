/**
 * What became of each object: one condition `Ready`, with the first reason why it is not, from what refused it
 * before anything was tried to what the kernel said.
 */
import { linkIdOf } from '../model/index.ts'
import type { NodeIntent, ObjectRef, Problem, WarrenObject } from '../model/index.ts'
import { idOf } from './by-link.ts'
import type { Convergence } from './converge.ts'
import { objectId } from './link-status.ts'
import type { ObjectCondition, ObjectStatus } from './status.ts'

export interface Asked {
  readonly owner: ObjectRef
  /** Everything that it asks for, as text. */
  readonly text: string
  /** Why nothing of it is done. */
  readonly refused: Problem | undefined
}

/** How often what an object asks has changed. */
export class Generations {
  #known = new Map<string, { readonly text: string; readonly generation: number }>()

  /** Counts anew, unless the source counts itself. */
  now(asked: readonly Asked[], objects: readonly WarrenObject[]): void {
    const counted = new Map(objects.map((o) => [objectId({ kind: o.kind, ...o.metadata }), countOf(o)]))
    const before = this.#known
    this.#known = new Map(
      asked.map(({ owner, text }) => {
        const id = objectId(owner)
        const known = before.get(id)
        const own = (known?.generation ?? 0) + (known?.text === text ? 0 : 1)
        return [id, { text, generation: counted.get(id) ?? own }]
      }),
    )
  }

  of(owner: ObjectRef): number {
    return this.#known.get(objectId(owner))?.generation ?? 0
  }
}

const countOf = ({ metadata }: WarrenObject): number | undefined => {
  const generation: unknown = (metadata as { readonly generation?: unknown }).generation
  return typeof generation === 'number' ? generation : undefined
}

/** All the objects of an intent. `refused`: by `objectId`. */
export const askedBy = (intent: NodeIntent, refused: ReadonlyMap<string, Problem>): Asked[] => {
  const asked = new Map<string, { owner: ObjectRef; wants: unknown[] }>()
  for (const link of [...intent.interfaces, ...intent.links]) {
    const id = objectId(link.owner)
    const known = asked.get(id) ?? { owner: link.owner, wants: [] }
    asked.set(id, known)
    known.wants.push(link)
  }
  return [...asked].map(([id, { owner, wants }]) => ({
    owner,
    text: JSON.stringify(wants),
    refused: refused.get(id),
  }))
}

export interface ObjectStatusesInput {
  readonly asked: readonly Asked[]
  readonly generations: Generations
  readonly intent: NodeIntent
  readonly done: Convergence
}

export const objectStatuses = ({ asked, generations, intent, done }: ObjectStatusesInput): ObjectStatus[] => {
  const ownerOf = new Map([...intent.interfaces, ...intent.links].map((l) => [idOf(l), objectId(l.owner)]))
  const troubles = new Map<string, ObjectCondition>()
  for (const { link, condition } of troublesOf(done)) {
    const owner = ownerOf.get(link)
    if (owner !== undefined && !troubles.has(owner)) troubles.set(owner, condition)
  }
  return asked.map(({ owner, refused }) => {
    const { kind, namespace, name } = owner
    const generation = generations.of(owner)
    const condition = refused === undefined ? troubles.get(objectId(owner)) : fromProblem(refused)
    return {
      ...{ kind, namespace, name, generation },
      observedGeneration: generation,
      conditions: [condition ?? AS_WANTED],
    }
  })
}

const AS_WANTED: ObjectCondition = {
  type: 'Ready',
  status: true,
  reason: 'AsWanted',
  message: 'nothing differs',
}

const notReady = (reason: string, message: string, hint?: string): ObjectCondition => ({
  ...{ type: 'Ready', status: false, reason, message },
  ...(hint === undefined ? {} : { hint }),
})

const fromProblem = (p: Problem): ObjectCondition => notReady(p.code, p.message, p.hint)

interface Trouble {
  readonly link: string
  readonly condition: ObjectCondition
}

const troublesOf = (done: Convergence): Trouble[] => {
  const { failures, conflicts, waiting, applied, recurring } = done
  const didNot = `these keep coming back: ${recurring.join('; ')}`
  return [
    ...conflicts.map((c) => ({ link: c.link, condition: notReady('LinkNotOurs', c.message, c.hint) })),
    ...failures.flatMap(({ step, message }) =>
      'link' in step
        ? [{ link: linkIdOf(step.link, step.in), condition: notReady('ApplyFailed', message) }]
        : [],
    ),
    ...(done.outcome === 'did-not-converge' ? applied : []).flatMap((step) =>
      'link' in step
        ? [{ link: linkIdOf(step.link, step.in), condition: notReady('DidNotConverge', didNot) }]
        : [],
    ),
    ...waiting.map((w) => ({ link: w.link, condition: notReady(w.reason, w.message, w.hint) })),
  ]
}
