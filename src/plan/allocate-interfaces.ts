/**
 * The name and the port of every interface of a node, over all its networks, decided once: what is written comes
 * first, then what was allocated before, and only then free ones are given out in the order of the requests' keys.
 * UDP sockets stay in the host's namespace wherever the link is moved, so ports are shared by a whole node.
 */
import { type Allocations, hashText, type InterfaceAllocation, type NetnsName, own } from '../model/index.ts'
import { compare, type ProblemList, type Where } from './problem-list.ts'

export interface InterfaceRequest {
  readonly node: string
  /** `NAMESPACE/NAME` of the plan; undefined for an interface written by hand. */
  readonly network: string | undefined
  /** Where the link is to live: names are shared by a namespace only. */
  readonly place: NetnsName
  /** In the topology Links: which link. */
  readonly link: string | undefined
  readonly name:
    | { readonly kind: 'written'; readonly name: string }
    | { readonly kind: 'free'; readonly name: string }
  readonly port:
    | { readonly kind: 'written'; readonly port: number }
    | { readonly kind: 'range'; readonly start: number; readonly end: number }
    /** The kernel picks one each time. */
    | { readonly kind: 'any' }
  readonly where: Where
}

/** 0 when the kernel picks the port. */
export interface GivenInterface {
  readonly name: string
  readonly listenPort: number
}

export const requestKey = (request: Pick<InterfaceRequest, 'node' | 'network' | 'link'>): string =>
  `${request.node} ${request.network ?? ''} ${request.link ?? ''}`

export function allocateInterfaces(
  requests: readonly InterfaceRequest[],
  allocations: Allocations,
  problems: ProblemList,
): ReadonlyMap<InterfaceRequest, GivenInterface> {
  const given = new Map<InterfaceRequest, GivenInterface>()
  for (const own of Map.groupBy(requests, (request) => request.node).values()) {
    const [first] = own
    const alone = own.length > 1 || first === undefined ? undefined : giveAlone(first, allocations)
    if (first !== undefined && alone !== undefined) {
      given.set(first, alone)
      continue
    }
    const sorted = own.toSorted((a, b) => compare(requestKey(a), requestKey(b)))
    const node = new NodeInterfaces(sorted, allocations, problems)
    for (const request of sorted) given.set(request, node.give(request))
  }
  return given
}

/** Most nodes have one interface, which nothing can clash with. Undefined where something is to be said about it. */
function giveAlone(request: InterfaceRequest, allocations: Allocations): GivenInterface | undefined {
  const kept = keptOf(request, allocations)
  const name = request.name.kind === 'free' && kept !== undefined ? kept.name : request.name.name
  const { port } = request
  if (port.kind === 'any') return { name, listenPort: 0 }
  if (port.kind === 'written') return { name, listenPort: port.port }
  const listenPort = kept?.listenPort ?? port.start
  return listenPort >= port.start && listenPort <= port.end ? { name, listenPort } : undefined
}

class NodeInterfaces {
  readonly #problems: ProblemList
  readonly #before = new Map<InterfaceRequest, InterfaceAllocation>()
  readonly #names = new Map<string, InterfaceRequest>()
  readonly #ports = new Map<number, InterfaceRequest>()
  /** Per start of a range: no port below is free. */
  readonly #nextPort = new Map<number, number>()
  readonly #nameOf = new Map<InterfaceRequest, string>()
  readonly #portOf = new Map<InterfaceRequest, number>()

  constructor(requests: readonly InterfaceRequest[], allocations: Allocations, problems: ProblemList) {
    this.#problems = problems
    for (const request of requests) {
      const kept = keptOf(request, allocations)
      if (kept !== undefined) this.#before.set(request, kept)
      if (request.name.kind === 'written') this.#takeName(request, request.name.name)
      if (request.port.kind === 'written') this.#takePort(request, request.port.port)
    }
    for (const request of requests) this.#takeBefore(request)
  }

  give(request: InterfaceRequest): GivenInterface {
    if (!this.#nameOf.has(request)) this.#takeName(request, this.#freeName(request))
    if (!this.#portOf.has(request) && request.port.kind === 'range') this.#takeFreePort(request, request.port)
    return { name: this.#nameOf.get(request) ?? '', listenPort: this.#portOf.get(request) ?? 0 }
  }

  #takeName(request: InterfaceRequest, name: string): void {
    const key = nameKey(request, name)
    if (this.#names.has(key)) {
      const message = `${request.node} would have two interfaces named ${name}`
      const hint = 'Give one of them another name in its `interface`.'
      this.#problems.add(request.where, { code: 'InterfaceNameClash', message, hint })
    }
    this.#names.set(key, request)
    this.#nameOf.set(request, name)
  }

  #takePort(request: InterfaceRequest, port: number): void {
    if (this.#ports.has(port)) {
      const message = `two interfaces of ${request.node} would listen on UDP port ${port}`
      this.#problems.add(request.where, {
        code: 'PortClash',
        message,
        hint: 'Give one of them another listenPort.',
      })
    }
    this.#ports.set(port, request)
    this.#portOf.set(request, port)
  }

  #takeBefore(request: InterfaceRequest): void {
    const before = this.#before.get(request)
    if (before === undefined) return
    if (request.name.kind === 'free') {
      if (this.#names.has(nameKey(request, before.name)))
        this.#contradicts(request, `the name ${before.name} is taken by another interface`)
      else this.#takeName(request, before.name)
    }
    if (request.port.kind !== 'range') return
    const { start, end } = request.port
    if (before.listenPort < start || before.listenPort > end) {
      this.#contradicts(request, `the port ${before.listenPort} is outside of the range ${start} to ${end}`)
    } else if (this.#ports.has(before.listenPort)) {
      this.#contradicts(request, `the port ${before.listenPort} is taken by another interface`)
    } else this.#takePort(request, before.listenPort)
  }

  #contradicts(request: InterfaceRequest, what: string): void {
    const link = request.link === undefined ? '' : ` ${request.link}`
    const message = `in the lock, for ${request.node}${link}: ${what}`
    const hint = 'Remove the entry from the lock; `warren plan --write` allocates it anew.'
    this.#problems.addAt(`lock ${request.network ?? ''} ${request.node}`, {
      code: 'LockContradiction',
      message,
      hint,
    })
  }

  #freeName(request: InterfaceRequest): string {
    const { name } = request.name
    if (!this.#names.has(nameKey(request, name))) return name
    return `wg-${hashText(requestKey(request), 12)}`
  }

  #takeFreePort(
    request: InterfaceRequest,
    { start, end }: { readonly start: number; readonly end: number },
  ): void {
    let port = Math.max(start, this.#nextPort.get(start) ?? start)
    while (port <= end && this.#ports.has(port)) port++
    this.#nextPort.set(start, port)
    if (port <= end) return this.#takePort(request, port)
    const message = `${request.node} needs more ports than ${start} to ${end} has`
    this.#problems.add(request.where, { code: 'PortRangeExhausted', message, hint: 'Widen its portRange.' })
  }
}

const nameKey = ({ place }: InterfaceRequest, name: string): string => `${name} ${place}`

function keptOf(request: InterfaceRequest, allocations: Allocations): InterfaceAllocation | undefined {
  if (request.network === undefined) return undefined
  const node = own(own(allocations.networks, request.network)?.nodes, request.node)
  return node?.interfaces.find((one) => one.link === request.link)
}
