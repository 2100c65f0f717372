/** What a node is asked: only about the legs of the path that it is an end of. */
import { FACTS_VERSION, type Arrival, type FactQuestions } from './facts.ts'
import type { LegEnd, Trace } from './trace.ts'

export { FACTS_VERSION }

const PATIENCE_MS = 6000
/** A handshake over a slow line. */
const DELAY_MS = 500

export interface QuestionOptions {
  readonly patienceMs?: number
}

/** `traces`: usually one; a second where a direct path may be down. */
export const questionsFor = (
  traces: readonly Trace[],
  node: string,
  { patienceMs = PATIENCE_MS }: QuestionOptions = {},
): FactQuestions => {
  const mine = traces.flatMap((trace) => endsAt(trace, node))
  const ends = traces.flatMap((trace) => [trace.source, trace.target])
  const neighbours = mine.map(({ other }) => other.address)
  const own = new Set(mine.map(({ own: end }) => end.address))
  const away = (list: readonly string[]): string[] => unique(list).filter((address) => !own.has(address))
  return {
    addresses: away([...ends, ...neighbours]),
    interfaces: unique(mine.map(({ own: end }) => end.interface.name)),
    peers: unique(mine.map(({ own: end }) => end.peer.publicKey)),
    hosts: unique(mine.flatMap(({ own: end }) => end.peer.endpoint?.host ?? [])),
    arrivals: traces.flatMap((trace) => arrivalsAt(trace, node)),
    probes: away([
      ...neighbours,
      ...traces.flatMap(({ from, to, source, target }) =>
        node === from ? [target] : node === to ? [source] : [],
      ),
    ]),
    patienceMs,
    delayMs: Math.max(0, ...traces.map(({ nodes }) => nodes.indexOf(node))) * DELAY_MS,
  }
}

const endsAt = ({ legs }: Trace, node: string): { own: LegEnd; other: LegEnd }[] =>
  legs.flatMap(({ near, far }) => [
    ...(near.node === node ? [{ own: near, other: far }] : []),
    ...(far.node === node ? [{ own: far, other: near }] : []),
  ])

/** There and back: what comes out of the tunnel at this node. */
const arrivalsAt = ({ legs, source, target }: Trace, node: string): Arrival[] =>
  legs.flatMap(({ near, far }) => [
    ...(far.node === node ? [{ link: far.interface.name, from: source, to: target }] : []),
    ...(near.node === node ? [{ link: near.interface.name, from: target, to: source }] : []),
  ])

const unique = (list: readonly string[]): string[] => [...new Set(list)]
