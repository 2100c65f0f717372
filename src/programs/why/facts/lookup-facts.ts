/** Which way packets would go, in the kernel's own words. */
import type { DeviceFacts, FactQuestions, LookupAnswer, LookupFacts } from '../../../diagnosis/index.ts'
import {
  type Link,
  lookUpRoutes,
  parseAddress,
  type RouteAnswer,
  type Syscalls,
} from '../../../linux/index.ts'

export type LookupQuestion = Omit<LookupFacts, 'answer'>

export function lookupsOf({ addresses, arrivals }: FactQuestions): LookupQuestion[] {
  return [
    ...addresses.map((to) => ({ to, from: null, inputLink: null, mark: 0 })),
    ...arrivals.map(({ link, from, to }) => ({ to, from, inputLink: link, mark: 0 })),
  ]
}

/** Where the encrypted datagrams go, with the mark that they carry. */
export function endpointsOf(devices: readonly DeviceFacts[]): LookupQuestion[] {
  return devices.flatMap(({ peers, fwmark }) =>
    peers.flatMap(({ endpoint }) =>
      endpoint === null ? [] : [{ to: hostOf(endpoint), from: null, inputLink: null, mark: fwmark }],
    ),
  )
}

function hostOf(endpoint: string): string {
  return endpoint.slice(0, endpoint.lastIndexOf(':')).replaceAll(/^\[|\]$/g, '')
}

export interface LookUpOptions {
  readonly questions: readonly LookupQuestion[]
  readonly links: readonly Link[]
}

export function lookUpAll(sys: Syscalls, { questions, links }: LookUpOptions): LookupFacts[] {
  const indexes = new Map(links.map((link) => [link.name, link.index]))
  const names = new Map(links.map((link) => [link.index, link.name]))
  return distinct(questions).flatMap((question): LookupFacts[] => {
    const { to, from, inputLink, mark } = question
    const index = inputLink === null ? undefined : indexes.get(inputLink)
    if (inputLink !== null && index === undefined) return []
    if (parseAddress(to) === undefined || (from !== null && parseAddress(from) === undefined)) return []
    const [answer] = lookUpRoutes(sys, [
      { to, mark, ...(from === null ? {} : { from }), ...(index === undefined ? {} : { inputLink: index }) },
    ])
    return answer === undefined ? [] : [{ ...question, answer: answerFacts(answer, names) }]
  })
}

function distinct(questions: readonly LookupQuestion[]): LookupQuestion[] {
  return [...new Map(questions.map((one) => [JSON.stringify(one), one])).values()]
}

function answerFacts(answer: RouteAnswer, names: ReadonlyMap<number, string>): LookupAnswer {
  if (answer.kind === 'refused') return answer
  const { kind, type, gateway, source, mtuBytes, table, destination, protocol, linkIndex } = answer
  return {
    ...{ kind, type, table, protocol },
    link: (linkIndex === undefined ? undefined : names.get(linkIndex)) ?? null,
    gateway: gateway ?? null,
    source: source ?? null,
    mtuBytes: mtuBytes ?? null,
    destination: destination ?? null,
  }
}
