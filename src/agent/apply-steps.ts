/**
 * Applies steps in their order. Neighbouring steps of rtnetlink go to the kernel a hundred at a time; a refused
 * one is reported and the rest goes on, except on a link that could not be made.
 */
import { setTimeout as pause } from 'node:timers/promises'
import type { RouteNetlink, RouteRequests } from '../linux/index.ts'
import { altNameOf, WARREN_PROTOCOL } from '../model/index.ts'
import type { AddressIntent, Backend, RouteIntent, RuleIntent, Step } from '../model/index.ts'
import type { DeviceLauncher } from './device-launcher.ts'
import type { ResolvedKeys, StepFailure } from './host.ts'
import { writeSysctl } from './sysctl-files.ts'
import type { WireGuardBackend } from './wireguard-backend.ts'

export interface ApplyOptions {
  readonly routes: RouteNetlink
  backend(kind: Backend): WireGuardBackend | undefined
  readonly launcher: DeviceLauncher
  /** Whether a process answers for a userspace interface. */
  isServed(link: string): Promise<boolean>
  readonly keys: ResolvedKeys
  /** Not faster than an implementation can take that dies of too many events at once. */
  readonly gently: boolean
}

/** wireguard-go of Debian 12 ends when its event socket overflows, which some 280 new addresses in a row make it. */
const GENTLE_RUN = 100
const GENTLE_PAUSE_MS = 10

/** Steps that are one rtnetlink request each. */
type RouteStep = Extract<
  Step,
  {
    kind:
      | 'link-set'
      | 'address-add'
      | 'address-delete'
      | 'route-add'
      | 'route-delete'
      | 'rule-add'
      | 'rule-delete'
  }
>
type OtherStep = Exclude<Step, RouteStep>

const isRouteStep = (step: Step): step is RouteStep =>
  step.kind === 'link-set' || /^(?:address|route|rule)-/.test(step.kind)

export const applySteps = async (steps: readonly Step[], o: ApplyOptions): Promise<StepFailure[]> => {
  const failures: StepFailure[] = []
  const broken = new Set<string>()
  const fail = (step: Step, error: unknown): void => {
    failures.push({ step, message: error instanceof Error ? error.message : String(error) })
    if ((step.kind === 'link-create' || step.kind === 'device-start') && 'link' in step) broken.add(step.link)
  }
  for (let at = 0; at < steps.length; ) {
    const taken = takeRouteSteps(steps, at, o.gently ? GENTLE_RUN : Infinity)
    const run = taken.filter((s) => !isOn(s, broken))
    if (run.length > 0) {
      for (const { request, error } of o.routes.batch((requests) => run.forEach((s) => ask(requests, s))))
        fail(run[request] ?? (steps[at] as Step), error)
      at += taken.length
      if (taken.length === GENTLE_RUN) await pause(GENTLE_PAUSE_MS)
      continue
    }
    const step = steps[at++]
    if (step === undefined || isRouteStep(step) || isOn(step, broken)) continue
    try {
      await applyOther(step, o)
    } catch (error) {
      fail(step, error)
    }
  }
  return failures
}

const isOn = (step: Step, links: ReadonlySet<string>): boolean =>
  step.kind === 'sysctl-set'
    ? links.has(step.path.split('/')[3] ?? '')
    : 'link' in step && links.has(step.link)

const takeRouteSteps = (steps: readonly Step[], from: number, limit: number): RouteStep[] => {
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

const ask = (requests: RouteRequests, step: RouteStep): void => {
  switch (step.kind) {
    case 'link-set':
      return requests.setLink(step.link, {
        ...(step.up === undefined ? {} : { up: step.up }),
        ...(step.mtuBytes === undefined ? {} : { mtuBytes: step.mtuBytes }),
      })
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
    case 'link-add':
    case 'forwarding-add':
    case 'forwarding-delete':
      throw new Error(`${step.kind} is not known here`)
    case 'link-create':
      return await createLink(step, o)
    case 'link-mark':
      return o.routes.setLink(step.link, { addAltNames: [altNameOf(step.link)] })
    case 'link-delete':
      return await deleteLink(step.link, o)
    case 'device-start':
      return await startDevice(step, o)
    case 'wireguard-set': {
      const backend = o.backend(step.backend)
      if (backend === undefined) throw new Error(`Cannot set ${step.link}: this kernel has no WireGuard`)
      return await backend.set(step.link, step.change, o.keys)
    }
    case 'sysctl-set':
      return writeSysctl(step.path, step.value)
  }
}

const mtuOf = (link: string, o: ApplyOptions): number =>
  o.routes.links().find((l) => l.name === link)?.mtuBytes ?? 1420

const createLink = async (step: Extract<Step, { kind: 'link-create' }>, o: ApplyOptions): Promise<void> => {
  const altNames = [altNameOf(step.link)]
  if (step.backend === 'kernel') {
    o.routes.addLink({ name: step.link, kind: 'wireguard', mtuBytes: step.mtuBytes, altNames })
    return
  }
  await predecessorGone(step.link, o)
  await o.launcher.start(step.link, { mtuBytes: step.mtuBytes, fwmark: step.fwmark })
  o.routes.setLink(step.link, { addAltNames: altNames })
  // wireguard-go chooses its own.
  if (mtuOf(step.link, o) !== step.mtuBytes) o.routes.setLink(step.link, { mtuBytes: step.mtuBytes })
}

/** A link that is not persistent goes with its process, and may do so between the look and this step. */
const startDevice = async (step: Extract<Step, { kind: 'device-start' }>, o: ApplyOptions): Promise<void> => {
  await o.launcher.start(step.link, { mtuBytes: mtuOf(step.link, o), fwmark: step.fwmark })
  const mark = altNameOf(step.link)
  if (o.routes.link(step.link)?.altNames.includes(mark) === false)
    o.routes.setLink(step.link, { addAltNames: [mark] })
}

const GONE_TIMEOUT_MS = 5_000

/** The process of a deleted link takes its socket's file away when it ends; that must not be the new one's. */
const predecessorGone = async (link: string, o: ApplyOptions): Promise<void> => {
  const deadline = performance.now() + GONE_TIMEOUT_MS
  while (performance.now() < deadline && (await o.isServed(link))) await pause(5)
}

/** A process that serves the link lets go of it a moment later; its name is free only then. */
const deleteLink = async (link: string, o: ApplyOptions): Promise<void> => {
  o.routes.deleteLink(link)
  const deadline = performance.now() + GONE_TIMEOUT_MS
  while (o.routes.link(link) !== undefined && performance.now() < deadline) await pause(5)
}
