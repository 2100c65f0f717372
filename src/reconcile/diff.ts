/**
 * diff(wanted × observed) → ordered steps. What is no longer wanted goes first, so that ports, prefixes and
 * names are free; then each interface in turn:
 *
 *   link ▸ mark ▸ mtu ▸ wireguard ▸ addresses ▸ up ▸ sysctls ▸ routes        and last of all rules
 *
 * Routes come after `up` because the kernel refuses them before; rules after the routes they lead to, so that
 * no packet is sent to an empty table. Only what is marked as ours is changed (ownership.ts).
 */
import { WARREN_PROTOCOL } from '../model/index.ts'
import type {
  Backend,
  NodeIntent,
  ObservedHost,
  ObservedLink,
  ObservedWireGuard,
  Step,
  WireGuardIntent,
} from '../model/index.ts'
import { addressSteps, missingRoutes, ruleSteps, staleRoutes } from './address-steps.ts'
import type { PathState } from './direct-path.ts'
import { isBlank, isOurs, isWireGuard } from './ownership.ts'
import { wireguardChange } from './peer-steps.ts'
import { sysctlSteps } from './sysctl-steps.ts'

export interface DiffInput {
  readonly intent: NodeIntent
  readonly observed: ObservedHost
  /** For links that have to be made. */
  readonly backend: Backend
  /** Replace links of ours that use the other backend. */
  readonly enforceBackend?: boolean
  /** Public half of each interface's resolved private key, by link; the plan's word where absent. */
  readonly publicKeys?: ReadonlyMap<string, string>
  /** Hex SHA-256 of the resolved preshared keys, by `peerId`. */
  readonly presharedKeyDigests?: ReadonlyMap<string, string>
  /** Endpoints to write now, by `peerId`: see endpoint.ts. */
  readonly endpoints?: ReadonlyMap<string, string>
  /** Direct paths, by `peerId`. A path that is not in here has not proven itself yet. */
  readonly paths?: ReadonlyMap<string, PathState>
  readonly ipv6Consent?: boolean
  /** Peers that had a session a moment ago, by `peerId`: see `wakes` in peer-steps.ts. */
  readonly alive?: ReadonlySet<string>
  /** Links to leave as they are, wanted or not: what their objects ask is refused for now. */
  readonly leave?: ReadonlySet<string>
}

export interface Difference {
  readonly steps: readonly Step[]
  /** Links that the intent names, that differ, and that are not ours to change. */
  readonly conflicts: readonly LinkConflict[]
  /** What cannot be done for now, or not without more consent; the rest goes on. */
  readonly waiting: readonly Waiting[]
  /** Marks on links that are taken over as they are: nothing about the network changes. */
  readonly adoptions: readonly Step[]
}

export interface Waiting {
  /** `linkIdOf` the link that is held up. */
  readonly link: string
  readonly reason: WaitingReason
  readonly message: string
  readonly hint: string
}

export type WaitingReason =
  | 'ContainerMissing'
  | 'ContainerUnknown'
  /** The link below it is neither there nor about to be made. */
  | 'ParentMissing'
  /** Ports, or a master, that are not there; the link itself is as wanted. */
  | 'PortMissing'
  | 'MasterMissing'
  /** A setting differs that the kernel cannot change, and `replacePolicy` is `Never`. */
  | 'ReplaceNeeded'

export interface LinkConflict {
  /** `linkIdOf` it. */
  readonly link: string
  readonly message: string
  readonly hint: string
  /** What would be done if it were ours. */
  readonly wouldBe: readonly Step[]
}

export const diff = (given: DiffInput): Difference => {
  const input = given.leave === undefined || given.leave.size === 0 ? given : without(given, given.leave)
  const { intent, observed } = input
  const wanted = new Set(intent.interfaces.map((i) => i.name))
  const conflicts: LinkConflict[] = []
  const perInterface = intent.interfaces.flatMap((wg) => {
    const { steps, conflict } = interfaceSteps(wg, input)
    if (conflict !== undefined) conflicts.push(conflict)
    return steps
  })
  const rules = ruleSteps(intent.interfaces, observed)
  const staleLinks = observed.links.filter((l) => isOurs(l) && !wanted.has(l.name))
  return {
    steps: [
      ...rules.stale,
      ...staleRoutes(intent.interfaces, observed).filter((s) => !leavesWithLink(s, staleLinks)),
      ...staleLinks.map((l): Step => ({ kind: 'link-delete', link: l.name, backend: backendOf(l) })),
      ...perInterface,
      ...rules.missing,
    ],
    conflicts,
    waiting: [],
    adoptions: [],
  }
}

/**
 * While something is left alone, so is whatever no interface wants: it may belong to what is left alone. Rules
 * do not say whose they are at all.
 */
const without = (input: DiffInput, leave: ReadonlySet<string>): DiffInput => {
  const interfaces = input.intent.interfaces.filter((i) => !leave.has(i.name))
  const wanted = new Set(interfaces.map((i) => i.name))
  const { links, routes, rules } = input.observed
  return {
    ...input,
    intent: { ...input.intent, interfaces },
    observed: {
      ...input.observed,
      links: links.filter((l) => wanted.has(l.name)),
      routes: routes.filter((r) => r.link !== undefined && wanted.has(r.link)),
      rules: rules.map((r) => ({ ...r, protocol: 0 })),
    },
  }
}

const backendOf = (link: ObservedLink): Backend => (link.kind === 'wireguard' ? 'kernel' : 'userspace')

const leavesWithLink = (step: Step, links: readonly ObservedLink[]): boolean =>
  step.kind === 'route-delete' && links.some((l) => l.name === step.link)

const NOTHING: ObservedHost = {
  links: [],
  addresses: [],
  routes: [],
  rules: [],
  wireguard: [],
  forwarding: [],
  sysctls: {},
  containers: {},
}

const interfaceSteps = (
  wg: WireGuardIntent,
  input: DiffInput,
): { steps: Step[]; conflict?: LinkConflict } => {
  const { observed } = input
  const link = observed.links.find((l) => l.name === wg.name)
  if (link === undefined) return { steps: fromNothing(wg, input, []) }
  const device = observed.wireguard.find((d) => d.link === wg.name)
  if (!isOurs(link)) {
    if (isBlank(link, observed))
      return { steps: [{ kind: 'link-mark', link: wg.name }, ...settle(wg, input, { link, device })] }
    return notOurs(wg, input, { link, device })
  }
  const backend = backendOf(link)
  const wrongBackend = input.enforceBackend === true && backend !== input.backend
  // A device's mark is given when its process starts, with privileges that it then gives up.
  const wrongMark = backend === 'userspace' && device !== undefined && device.fwmark !== (wg.fwmark ?? 0)
  if (wrongBackend || wrongMark)
    return { steps: fromNothing(wg, input, [{ kind: 'link-delete', link: wg.name, backend }]) }
  return { steps: settle(wg, input, { link, device }) }
}

const markOf = (wg: WireGuardIntent): { fwmark?: number } =>
  wg.fwmark === undefined ? {} : { fwmark: wg.fwmark }

const fromNothing = (wg: WireGuardIntent, input: DiffInput, before: Step[]): Step[] => {
  const create: Step = {
    kind: 'link-create',
    link: wg.name,
    backend: input.backend,
    mtuBytes: wg.mtuBytes,
    ...(input.backend === 'userspace' ? markOf(wg) : {}),
  }
  const observed: ObservedHost = { ...NOTHING, sysctls: sysctlsWithout(input.observed, wg.name) }
  return [...before, create, ...content(wg, { ...input, observed }, { backend: input.backend, up: false })]
}

/** A link that is still to be made has the host's defaults, not what its predecessor had. */
const sysctlsWithout = (observed: ObservedHost, link: string): Record<string, string> =>
  Object.fromEntries(Object.entries(observed.sysctls).filter(([path]) => !path.includes(`/conf/${link}/`)))

interface Present {
  readonly link: ObservedLink
  readonly device: ObservedWireGuard | undefined
}

const settle = (wg: WireGuardIntent, input: DiffInput, { link, device }: Present): Step[] => {
  const steps: Step[] = []
  if (link.kind !== 'wireguard' && device === undefined)
    steps.push({ kind: 'device-start', link: wg.name, ...markOf(wg) })
  if (link.mtuBytes !== wg.mtuBytes) steps.push({ kind: 'link-set', link: wg.name, mtuBytes: wg.mtuBytes })
  return [...steps, ...content(wg, input, { backend: device?.backend ?? backendOf(link), up: link.up })]
}

const content = (
  wg: WireGuardIntent,
  input: DiffInput,
  o: { readonly backend: Backend; readonly up: boolean },
): Step[] => {
  const { observed } = input
  const device = observed.wireguard.find((d) => d.link === wg.name)
  const change = wireguardChange(wg, device, input)
  return [
    ...(change === undefined
      ? []
      : [{ kind: 'wireguard-set', link: wg.name, backend: o.backend, change } as const]),
    ...addressSteps(wg, observed),
    ...(o.up ? [] : [{ kind: 'link-set', link: wg.name, up: true } as const]),
    ...sysctlSteps(wg, observed, { ipv6Consent: input.ipv6Consent ?? false }),
    ...missingRoutes(wg, observed),
  ]
}

/** Somebody else's link: fine as long as it is as wanted, as after an import; never changed. */
const notOurs = (
  wg: WireGuardIntent,
  input: DiffInput,
  { link, device }: Present,
): { steps: Step[]; conflict?: LinkConflict } => {
  if (!isWireGuard(link, device)) {
    const message = `${wg.name} exists and is not a WireGuard interface but ${link.kind || 'hardware'}`
    return {
      steps: [],
      conflict: { link: wg.name, message, hint: 'Give the interface another name.', wouldBe: [] },
    }
  }
  const wouldBe = settle(wg, input, { link, device })
  if (wouldBe.length === 0) return { steps: [] }
  return {
    steps: [],
    conflict: {
      link: wg.name,
      message: `${wg.name} exists, differs, and was not made by Warren (protocol ${WARREN_PROTOCOL}, altname)`,
      hint: `Hand it over with: ip link property add dev ${wg.name} altname warren-${wg.name}`,
      wouldBe,
    },
  }
}
