/** The plan that this machine's agent follows: all files of its folder together, with their locks. */
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { type Allocations, parseAllocations, parseObjects, type WarrenObject } from '../../model/index.ts'
import { plan, type PlanResult } from '../../plan/index.ts'
import { MissingHere } from '../exit.ts'
import { readText } from '../files/read-text.ts'

export interface PlanHere {
  readonly objects: readonly WarrenObject[]
  readonly result: PlanResult
}

export async function planHere(plansDir: string): Promise<PlanHere> {
  const objects: WarrenObject[] = []
  const networks: Record<string, Allocations['networks'][string]> = {}
  const names = (await readdir(plansDir).catch(() => [])).filter((name) => /^[^.].*\.ya?ml$/.test(name))
  for (const name of names) {
    const read = await readText(join(plansDir, name))
    if (!('text' in read)) continue
    if (/\.lock\.ya?ml$/.test(name)) {
      Object.assign(networks, parseAllocations(read.text, { file: name }).allocations.networks)
    } else {
      objects.push(...parseObjects(read.text, { file: name }).objects)
    }
  }
  if (objects.length === 0)
    throw new MissingHere(`there is no plan in ${plansDir}; say which one it is with -f`)
  return { objects, result: plan(objects, { networks }) }
}
