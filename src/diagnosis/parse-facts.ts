/** Facts and questions as text, held to their shape on either side of the wire. */
import type {
  AddressFacts,
  AgentFacts,
  Arrival,
  ChainFacts,
  DeviceFacts,
  ExpressionFacts,
  FactQuestions,
  FirewallFacts,
  LinkFacts,
  LookupAnswer,
  LookupFacts,
  NodeFacts,
  PeerFacts,
  ProbeFacts,
  ResolvedFacts,
  RouteFacts,
  RuleFacts,
  RulesetFacts,
  SetFacts,
  VerdictFacts,
} from './facts.ts'
import { FACTS_VERSION } from './facts.ts'
import {
  either,
  fields,
  flag,
  listOf,
  maybe,
  number,
  oneOf,
  orNull,
  type Shape,
  tableOf,
  text,
  word,
} from './shape.ts'

/** Undefined when it is not from warren, or from one that speaks another version. */
export const parseFacts = (json: string): NodeFacts | undefined => parsed(json, nodeFacts)
export const parseQuestions = (json: string): FactQuestions | undefined => parsed(json, questions)

const parsed = <T>(json: string, shape: Shape<T>): T | undefined => {
  try {
    return shape(JSON.parse(json))
  } catch {
    return undefined // not JSON: the same to the caller
  }
}

const texts = listOf(text)

const questions = fields<FactQuestions>({
  addresses: texts,
  interfaces: texts,
  peers: texts,
  hosts: texts,
  arrivals: listOf(fields<Arrival>({ link: text, from: text, to: text })),
  probes: texts,
  patienceMs: number,
  delayMs: number,
})

const agent = fields<AgentFacts>({ node: text, phase: text, problems: texts, interfaces: texts })

const link = fields<LinkFacts>({ name: word, index: number, kind: text, up: flag, mtuBytes: number })

const address = fields<AddressFacts>({ link: word, local: word, prefixLength: number })

const route = fields<RouteFacts>({
  destination: word,
  table: number,
  link: orNull(word),
  mtuBytes: orNull(number),
})

const rule = fields<RuleFacts>({
  family: oneOf('inet', 'inet6'),
  priority: number,
  table: number,
  text: word,
  from: orNull(word),
  to: orNull(word),
  fwmark: orNull(number),
  inputLink: orNull(word),
})

const peer = fields<PeerFacts>({
  publicKey: word,
  presharedKeyDigest: orNull(text),
  endpoint: orNull(word),
  allowedIPs: listOf(word),
  lastHandshakeMs: orNull(number),
  rxBytes: number,
  txBytes: number,
  rxGrewBytes: number,
  txGrewBytes: number,
})

const device = fields<DeviceFacts>({
  link: word,
  backend: text,
  publicKey: orNull(word),
  listenPort: number,
  fwmark: number,
  peers: listOf(peer),
})

const lookupAnswer: Shape<LookupAnswer> = either(
  fields<Extract<LookupAnswer, { kind: 'way' }>>({
    kind: oneOf('way'),
    type: number,
    link: orNull(word),
    gateway: orNull(word),
    source: orNull(word),
    mtuBytes: orNull(number),
    table: number,
    destination: orNull(word),
    protocol: number,
  }),
  fields<Extract<LookupAnswer, { kind: 'refused' }>>({ kind: oneOf('refused'), code: text }),
)

const lookup = fields<LookupFacts>({
  to: text,
  from: orNull(text),
  inputLink: orNull(text),
  mark: number,
  answer: lookupAnswer,
})

const resolved = fields<ResolvedFacts>({ host: text, addresses: listOf(word), problem: orNull(text) })

const verdict: Shape<VerdictFacts> = either(
  fields<Exclude<VerdictFacts, { chain: string }>>({
    kind: oneOf('accept', 'drop', 'queue', 'continue', 'return'),
  }),
  fields<Extract<VerdictFacts, { chain: string }>>({ kind: oneOf('jump', 'goto'), chain: word }),
)

type Loaded = Extract<ExpressionFacts, { key: number }>
type Of<Op extends ExpressionFacts['op']> = Extract<ExpressionFacts, { op: Op }>

const EXPRESSIONS: readonly Shape<ExpressionFacts>[] = [
  fields<Loaded>({ op: oneOf('meta', 'ct'), key: number, into: number }),
  fields<Of<'payload'>>({
    op: oneOf('payload'),
    base: number,
    offset: number,
    length: number,
    into: number,
  }),
  fields<Of<'cmp'>>({
    op: oneOf('cmp'),
    from: number,
    how: oneOf('==', '!=', '<', '<=', '>', '>='),
    value: text,
  }),
  fields<Of<'range'>>({ op: oneOf('range'), from: number, inside: flag, low: text, high: text }),
  fields<Of<'bitwise'>>({ op: oneOf('bitwise'), from: number, into: number, mask: text, xor: text }),
  fields<Of<'lookup'>>({ op: oneOf('lookup'), from: number, set: word, inverted: flag, verdicts: flag }),
  fields<Of<'load'>>({ op: oneOf('load'), into: number, value: text }),
  fields<Of<'verdict'>>({ op: oneOf('verdict'), verdict }),
  fields<Of<'reject'>>({ op: oneOf('reject') }),
  fields<Of<'other'>>({ op: oneOf('other'), name: text }),
]

const expression: Shape<ExpressionFacts> = (value) => {
  for (const shape of EXPRESSIONS) {
    const read = shape(value)
    if (read !== undefined) return read
  }
  return undefined
}

const chain = fields<ChainFacts>({
  family: word,
  table: word,
  name: word,
  type: maybe(text),
  hook: maybe(number),
  priority: maybe(number),
  policy: maybe(oneOf('accept', 'drop')),
  rules: listOf(fields<ChainFacts['rules'][number]>({ handle: number, expressions: listOf(expression) })),
})

const set = fields<SetFacts>({
  family: word,
  table: word,
  name: word,
  ranges: flag,
  elements: listOf(
    fields<SetFacts['elements'][number]>({
      key: text,
      ends: maybe((value) => (value === true ? true : undefined)),
      verdict: maybe(verdict),
    }),
  ),
})

const firewall = fields<FirewallFacts>({
  ruleset: orNull(fields<RulesetFacts>({ chains: listOf(chain), sets: listOf(set) })),
  unseen: texts,
})

const probe = fields<ProbeFacts>({
  to: text,
  refused: orNull(text),
  answeredMs: orNull(number),
  full: orNull(fields<NonNullable<ProbeFacts['full']>>({ bytes: number, answered: flag })),
  largestBytes: orNull(number),
})

const nodeFacts = fields<NodeFacts>({
  version: oneOf(FACTS_VERSION),
  nowMs: number,
  clockSynchronised: orNull(flag),
  agent: orNull(agent),
  links: listOf(link),
  addresses: listOf(address),
  routes: listOf(route),
  rules: listOf(rule),
  wireguard: listOf(device),
  lookups: listOf(lookup),
  resolved: listOf(resolved),
  sysctls: tableOf(text),
  firewall,
  udpPorts: listOf(number),
  probes: listOf(probe),
})
