/** What every interface of every node asks for: a name and a port. */
import { linkNameOf, netnsNameOf, type WireGuardInterface } from '../model/index.ts'
import type { InterfaceRequest } from './allocate-interfaces.ts'
import { containerOf } from './container.ts'
import { type LinkEndPlan, linkEndsOf } from './links.ts'
import { DEFAULT_PORT, type Member, type Network, settingsOf } from './network.ts'
import type { ProblemList } from './problem-list.ts'

/** As many ports from 51820 as a node has links in a network of a thousand. */
const DEFAULT_RANGE = { start: DEFAULT_PORT, end: DEFAULT_PORT + 1023 }

export interface InterfaceRequests {
  readonly all: readonly InterfaceRequest[]
  readonly ofMember: ReadonlyMap<Member, InterfaceRequest>
  readonly ofLinks: ReadonlyMap<
    Network,
    readonly { readonly end: LinkEndPlan; readonly request: InterfaceRequest }[]
  >
  readonly ofObject: ReadonlyMap<WireGuardInterface, InterfaceRequest>
}

export function requestsOf(
  networks: readonly Network[],
  written: readonly WireGuardInterface[],
  problems: ProblemList,
): InterfaceRequests {
  const shared = networks.filter(({ topology }) => topology !== 'Links')
  const ofMember = new Map(
    shared.flatMap((network) =>
      network.members.map((member) => [member, memberRequest(network, member)] as const),
    ),
  )
  const ofLinks = new Map(
    networks
      .filter(({ topology }) => topology === 'Links')
      .map((network) => {
        checkRange(network, problems)
        const ends = linkEndsOf(network, problems).map((end) => ({ end, request: endRequest(network, end) }))
        return [network, ends] as const
      }),
  )
  const ofObject = new Map(written.map((object) => [object, writtenRequest(object)]))
  const all = [
    ...ofMember.values(),
    ...[...ofLinks.values()].flat().map(({ request }) => request),
    ...ofObject.values(),
  ]
  return { all, ofMember, ofLinks, ofObject }
}

function memberRequest(network: Network, member: Member): InterfaceRequest {
  const { name, listenPort } = settingsOf(network, member.spec)
  const { metadata } = network.plan
  const range = member.spec.portRange ?? network.plan.spec.portRange
  return {
    node: member.name,
    network: network.id,
    place: netnsNameOf(containerOf(member.spec)),
    link: undefined,
    name:
      name === undefined
        ? { kind: 'free', name: linkNameOf('wg', metadata.name) }
        : { kind: 'written', name },
    port:
      listenPort === undefined
        ? { kind: 'range', ...(range ?? { start: DEFAULT_PORT, end: 65535 }) }
        : { kind: 'written', port: listenPort },
    where: member.where,
  }
}

function endRequest(network: Network, plan: LinkEndPlan): InterfaceRequest {
  const { end, member } = plan
  const range = member.spec.portRange ?? network.plan.spec.portRange ?? DEFAULT_RANGE
  return {
    node: member.name,
    network: network.id,
    place: netnsNameOf(containerOf(member.spec)),
    link: plan.key,
    name:
      end.interfaceName === undefined
        ? { kind: 'free', name: plan.interfaceName }
        : { kind: 'written', name: end.interfaceName },
    port:
      end.listenPort === undefined ? { kind: 'range', ...range } : { kind: 'written', port: end.listenPort },
    where: plan.where,
  }
}

function writtenRequest(object: WireGuardInterface): InterfaceRequest {
  const { spec } = object
  return {
    node: spec.node,
    network: undefined,
    place: netnsNameOf(containerOf(spec)),
    link: `${object.metadata.namespace}/${object.metadata.name}`,
    name: { kind: 'written', name: spec.interfaceName },
    port: spec.listenPort === undefined ? { kind: 'any' } : { kind: 'written', port: spec.listenPort },
    where: { object, path: ['spec'] },
  }
}

function checkRange({ plan, members }: Network, problems: ProblemList): void {
  const ranges = [
    { range: plan.spec.portRange, object: plan, path: ['spec', 'portRange'] },
    ...members.map(({ spec, where }) => ({
      range: spec.portRange,
      object: where.object,
      path: [...where.path, 'portRange'],
    })),
  ]
  for (const { range, object, path } of ranges) {
    if (range === undefined || range.start <= range.end) continue
    const message = `the range ends at ${range.end}, before its start ${range.start}`
    problems.add({ object, path }, { code: 'InvalidValue', message, hint: 'Swap them.' })
  }
}
