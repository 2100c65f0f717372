/**
 * Applies steps of one namespace in their order. Neighbouring steps of rtnetlink go to the kernel a hundred at a
 * time; a refused one is reported and the rest goes on, except on a link that could not be made.
 */
import { setTimeout as pause } from 'node:timers/promises'
import { isKernelError } from '../linux/index.ts'
import type { RouteRequests } from '../linux/index.ts'
import { altNameOf, WARREN_PROTOCOL } from '../model/index.ts'
import type { AddressIntent, RouteIntent, RuleIntent, Step } from '../model/index.ts'
import { render } from '../reconcile/index.ts'
import type { ApplyEverywhereOptions } from './apply-everywhere.ts'
import type { StepFailure } from './host.ts'
import { changeOf, specOf } from './link-requests.ts'
import type { NetworkNamespace } from './namespaces/network-namespace.ts'
import { createWireGuard, deleteWireGuard, startWireGuard } from './wireguard-links.ts'

export interface ApplyOptions extends ApplyEverywhereOptions {
  readonly here: NetworkNamespace
  /** A link that could not be made: nothing else is tried on it. */
  isBroken(link: string): boolean
  breaks(link: string): void
}

/** wireguard-go of Debian 12 ends when its event socket overflows, which some 280 new addresses in a row make it. */
const GENTLE_RUN = 100
const GENTLE_PAUSE_MS = 10

/** Steps that are one rtnetlink request each. */
type RouteStep = Extract<
  Step,
  {
    kind:
      | 'link-add'
      | 'link-mark'
      | 'link-delete'
      | 'link-set'
      | 'forwarding-add'
      | 'forwarding-delete'
      | 'address-add'
      | 'address-delete'
      | 'route-add'
      | 'route-delete'
      | 'rule-add'
      | 'rule-delete'
  }
>
type OtherStep = Extract<
  Step,
  { kind: 'link-create' | 'link-delete' | 'device-start' | 'wireguard-set' | 'sysctl-set' }
>

/** A WireGuard interface may have a process that has to let go of it first. */
const isRouteStep = (step: Step): step is RouteStep =>
  step.kind === 'link-delete'
    ? step.backend !== 'userspace'
    : /^(?:address|route|rule|forwarding)-|^link-(?:add|mark|set)$/.test(step.kind)

const makesLink = (step: Step): boolean =>
  step.kind === 'link-create' || step.kind === 'link-add' || step.kind === 'device-start'

export const applySteps = async (steps: readonly Step[], o: ApplyOptions): Promise<StepFailure[]> => {
  const failures: StepFailure[] = []
  const made = new Set<string>()
  const fail = (step: Step, error: unknown): void => {
    failures.push({ step, message: error instanceof Error ? error.message : String(error) })
    if (makesLink(step) && 'link' in step) o.breaks(step.link)
  }
  for (let at = 0; at < steps.length; ) {
    const taken = takeRouteSteps(steps, at, o)
    const run = taken.filter((s) => !isOnBroken(s, o))
    if (run.length > 0) {
      const failed = o.here.timed(whatOf(run), () => askAll(run, o))
      for (const { step, error } of failed) fail(step, error)
      for (const link of linksMade(run, failed)) made.add(link)
      for (const { step } of failed)
        if (step.kind === 'link-mark' && made.has(step.link)) takeBack(step.link, o)
      at += taken.length
      if (o.gently && taken.length === GENTLE_RUN) await pause(GENTLE_PAUSE_MS)
      continue
    }
    const step = steps[at++]
    if (step === undefined || isRouteStep(step) || isOnBroken(step, o)) continue
    try {
      await applyOther(step, o)
    } catch (error) {
      fail(step, error)
    }
  }
  return failures
}

interface Refused {
  readonly step: RouteStep
  readonly error: unknown
}

/** Each step is one request, but for those whose link is not there to be named. */
const askAll = (run: readonly RouteStep[], o: ApplyOptions): Refused[] => {
  const asked: RouteStep[] = []
  const refused: Refused[] = []
  const failures = o.here.routes.batch((requests) => {
    for (const step of run) {
      try {
        ask(requests, step, o)
        asked.push(step)
      } catch (error) {
        refused.push({ step, error })
      }
    }
  })
  for (const { request, error } of failures) {
    const step = asked[request]
    if (step !== undefined) refused.push({ step, error })
  }
  return refused
}

const linksMade = (run: readonly RouteStep[], refused: readonly Refused[]): string[] =>
  run.flatMap((s) =>
    s.kind === 'link-add' && !refused.some(({ step }) => step === s) ? [s.link, s.peer?.link ?? s.link] : [],
  )

/** A link just made that could not be marked: with anything else on it nobody would know it for ours. */
const takeBack = (link: string, o: ApplyOptions): void => {
  try {
    o.here.routes.deleteLink(link)
  } catch (error) {
    if (!isKernelError(error, 'ENODEV')) throw error
  }
}

const whatOf = ([first, ...others]: readonly RouteStep[]): string => {
  const what = first === undefined ? '' : (render(first).split('\n')[0] ?? '')
  return others.length === 0 ? what : `${what} and ${others.length} more`
}

const isOnBroken = (step: Step, o: ApplyOptions): boolean =>
  step.kind === 'sysctl-set'
    ? o.isBroken(step.path.split('/')[3] ?? '')
    : 'link' in step && o.isBroken(step.link)

/**
 * A link that is made ends its run: when it could not be made because somebody else was faster, nothing may be done
 * to theirs.
 */
const takeRouteSteps = (steps: readonly Step[], from: number, o: ApplyOptions): RouteStep[] => {
  const limit = o.gently ? GENTLE_RUN : Infinity
  const taken: RouteStep[] = []
  for (let at = from; at < steps.length && taken.length < limit; at++) {
    const step = steps[at]
    if (step === undefined || !isRouteStep(step)) break
    taken.push(step)
    if (step.kind === 'link-add') break
  }
  return taken
}

const addressOf = (link: string, a: AddressIntent) => ({ link, ...a, protocol: WARREN_PROTOCOL, noDad: true })
const routeOf = (link: string, r: RouteIntent) => ({ link, ...r, protocol: WARREN_PROTOCOL })
const ruleOf = (r: RuleIntent) => ({ ...r, protocol: WARREN_PROTOCOL })

const ask = (requests: RouteRequests, step: RouteStep, o: ApplyOptions): void => {
  switch (step.kind) {
    case 'link-add':
      return requests.addLink(specOf(step, o))
    case 'link-mark':
      return requests.setLink(step.link, { addAltNames: [altNameOf(step.link)] })
    case 'link-delete':
      return requests.deleteLink(step.link)
    case 'link-set':
      return requests.setLink(step.link, changeOf(step))
    case 'forwarding-add':
      return requests.addForwarding({ link: step.link, ...step.entry })
    case 'forwarding-delete':
      return requests.deleteForwarding({ link: step.link, ...step.entry })
    case 'address-add':
      return requests.addAddress(addressOf(step.link, step.address))
    case 'address-delete':
      return requests.deleteAddress({ link: step.link, ...step.address })
    case 'route-add':
      return requests.addRoute(routeOf(step.link, step.route))
    case 'route-delete':
      return requests.deleteRoute(routeOf(step.link, step.route))
    case 'rule-add':
      return requests.addRule(ruleOf(step.rule))
    case 'rule-delete':
      return requests.deleteRule(ruleOf(step.rule))
  }
}

const applyOther = async (step: OtherStep, o: ApplyOptions): Promise<void> => {
  switch (step.kind) {
    case 'link-create':
      return await createWireGuard(step, o)
    case 'link-delete':
      return await deleteWireGuard(step.link, o)
    case 'device-start':
      return await startWireGuard(step, o)
    case 'wireguard-set': {
      const backend = o.here.backend(step.backend)
      if (backend === undefined) throw new Error(`Cannot set ${step.link}: this kernel has no WireGuard`)
      return await backend.set(step.link, step.change, o.keys)
    }
    case 'sysctl-set':
      return o.here.writeSysctl(step.path, step.value)
  }
}
