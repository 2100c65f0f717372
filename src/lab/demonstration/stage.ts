/** What every part of the demonstration works with: the lab, the plan, and a place to say what was found. */
import type { Lab } from '../runtime/lab.ts'
import type { Machine } from '../runtime/machine.ts'
import type { Agents } from './agents.ts'
import type { DemonstrationEvent, DemonstrationOrder } from './events.ts'
import type { PlanFacts } from './plan-facts.ts'

export class Stage {
  readonly lab: Lab
  /** Without keys there are no peers: renewed once `keys` has been there. */
  facts: PlanFacts
  readonly order: DemonstrationOrder
  readonly agents: Agents
  readonly failed: string[] = []
  readonly #emit: (event: DemonstrationEvent) => void

  constructor(o: {
    lab: Lab
    facts: PlanFacts
    order: DemonstrationOrder
    agents: Agents
    emit: (event: DemonstrationEvent) => void
  }) {
    this.lab = o.lab
    this.facts = o.facts
    this.order = o.order
    this.agents = o.agents
    this.#emit = o.emit
  }

  get stranger(): Machine {
    return this.lab.machine('stranger')
  }

  emit(event: DemonstrationEvent): void {
    this.#emit(event)
  }

  step(number: number, title: string): void {
    this.#emit({ kind: 'step', number, title })
  }

  progress(text: string): void {
    this.#emit({ kind: 'progress', text })
  }

  note(text: string): void {
    this.#emit({ kind: 'line', tone: 'note', text })
  }

  command(text: string): void {
    this.#emit({ kind: 'line', tone: 'command', text })
  }

  /** A check: its words, and whether it held. */
  check(held: boolean, text: string): boolean {
    this.#emit({ kind: 'line', tone: held ? 'held' : 'failed', text })
    if (!held) this.failed.push(text)
    return held
  }
}
