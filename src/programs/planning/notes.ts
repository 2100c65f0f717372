/** What a diff says beside its steps and conflicts: links that are taken over as they are, and what has to wait. */
import { type Difference, render } from '../../reconcile/index.ts'

export const notesOn = ({ waiting, adoptions }: Pick<Difference, 'waiting' | 'adoptions'>): string[] => [
  ...adoptions.map((step) => `taken over as it is: ${render(step)}`),
  ...waiting.map(({ message, hint }) => `not now: ${message}\n  ${hint}`),
]
