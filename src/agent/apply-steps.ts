/**
 * Applies steps of one namespace in their order. Neighbouring steps of rtnetlink go to the kernel a hundred at a
 * time; a refused one is reported and the rest goes on, except on a link that could not be made.
 */
import { setTimeout as pause } from 'node:timers/promises'
import type { RouteRequests } from '../linux/index.ts'
import { altNameOf, WARREN_PROTOCOL } from '../model/index.ts'
import type { AddressIntent, RouteIntent, RuleIntent, Step } from '../model/index.ts'
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
  const fail = (step: Step, error: unknown): void => {
    failures.push({ step, message: error instanceof Error ? error.message : String(error) })
    if (makesLink(step) && 'link' in step) o.breaks(step.link)
  }
  for (let at = 0; at < steps.length; ) {
    const taken = takeRouteSteps(steps, at, o)
    const run = taken.filter((s) => !isOnBroken(s, o))
    if (run.length > 0) {
      const failed = o.here.routes.batch((requests) => run.forEach((s) => ask(requests, s, o)))
      for (const { request, error } of failed) fail(run[request] ?? (steps[at] as Step), error)
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

const isOnBroken = (step: Step, o: ApplyOptions): boolean =>
  step.kind === 'sysctl-set'
    ? o.isBroken(step.path.split('/')[3] ?? '')
    : 'link' in step && o.isBroken(step.link)

const takeRouteSteps = (steps: readonly Step[], from: number, o: ApplyOptions): RouteStep[] => {
  const limit = o.gently ? GENTLE_RUN : Infinity
  const taken: RouteStep[] = []
  for (let at = from; at < steps.length && taken.length < limit; at++) {
    const step = steps[at]
    if (step === undefined || !isRouteStep(step)) break
    taken.push(step)
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
