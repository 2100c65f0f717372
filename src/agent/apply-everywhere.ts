/**
 * Applies steps in their order, each in its namespace: neighbours of the same one together. A refused one is
 * reported and the rest goes on, except on a link that could not be made.
 */
import { netnsNameOf } from '../model/index.ts'
import type { NetnsName, Step } from '../model/index.ts'
import { applySteps } from './apply-steps.ts'
import { linkIdIn } from './by-link.ts'
import type { DeviceLauncher } from './device-launcher.ts'
import type { ResolvedKeys, StepFailure } from './host.ts'
import type { NetworkNamespace } from './namespaces/network-namespace.ts'

export interface ApplyEverywhereOptions {
  readonly namespaces: { readonly host: NetworkNamespace; get(name: NetnsName): NetworkNamespace | undefined }
  readonly launcher: DeviceLauncher
  readonly keys: ResolvedKeys
  /** Not faster than an implementation can take that dies of too many events at once. */
  readonly gently: boolean
}

export const applyEverywhere = async (
  steps: readonly Step[],
  o: ApplyEverywhereOptions,
): Promise<StepFailure[]> => {
  const broken = new Set<string>()
  const failures: StepFailure[] = []
  for (const { netns, run } of runsOf(steps)) {
    const here = o.namespaces.get(netns)
    if (here === undefined) {
      for (const step of run)
        failures.push({ step, message: `Cannot work in ${netns}: its network namespace is gone` })
      continue
    }
    const isBroken = (link: string): boolean => broken.has(linkIdIn(link, netns))
    const breaks = (link: string): void => void broken.add(linkIdIn(link, netns))
    failures.push(...(await applySteps(run, { ...o, here, isBroken, breaks })))
  }
  return failures
}

const runsOf = (steps: readonly Step[]): { readonly netns: NetnsName; readonly run: Step[] }[] => {
  const runs: { readonly netns: NetnsName; readonly run: Step[] }[] = []
  for (const step of steps) {
    const netns = netnsNameOf(step.in)
    const last = runs.at(-1)
    if (last?.netns === netns) last.run.push(step)
    else runs.push({ netns, run: [step] })
  }
  return runs
}
