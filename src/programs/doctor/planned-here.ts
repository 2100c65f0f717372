/** What a plan wants of this machine. */
import type { PlannedHere } from '../../diagnosis/index.ts'
import { intentOf, makePlan } from '../planning/made-plan.ts'
import { thisNode } from '../planning/this-node.ts'

export interface PlannedHereOptions {
  readonly file?: readonly string[]
  readonly node?: string
  readonly lock?: string
}

export async function plannedHere({ file, node, lock }: PlannedHereOptions): Promise<PlannedHere | null> {
  if (file === undefined) return null
  const made = await makePlan(file, { lock })
  const name = node ?? thisNode()
  const { interfaces } = intentOf(made.result, name)
  return {
    node: name,
    cidrs: made.objects.flatMap((object) =>
      object.kind === 'WireGuardNetworkPlan' ? (object.spec.cidrs ?? []) : [],
    ),
    interfaces: interfaces.map((one) => ({
      name: one.name,
      listenPort: one.listenPort ?? null,
      mtuBytes: one.mtuBytes,
    })),
    forwards: {
      inet: interfaces.some((one) => one.forwards.inet),
      inet6: interfaces.some((one) => one.forwards.inet6),
    },
  }
}
