/** One public key belongs to one node: two nodes with one key are a copied machine, and neither works. */
import type { PlannedNetwork } from './draft.ts'
import type { ProblemList } from './problem-list.ts'

export function checkKeys({ members }: PlannedNetwork, problems: ProblemList): void {
  const owners = new Map<string, string>()
  for (const { name, publicKey, member } of members) {
    if (publicKey === undefined) continue
    const other = owners.get(publicKey)
    if (other === undefined) owners.set(publicKey, name)
    else {
      const message = `${name} has the same key as ${other}`
      problems.add(member.where, { code: 'DuplicateKey', message, hint: 'Give each node a key of its own.' })
    }
  }
}
