/**
 * What a message says about a question: whether it answers it at all (RFC 5452 §9.1), and what follows from it
 * (RFC 1034 §5.3.3, RFC 2308).
 */
import {
  CLASS_IN,
  type DnsMessage,
  type Question,
  RCODE_BADVERS,
  RCODE_FORMERR,
  RCODE_NOERROR,
  RCODE_NOTIMP,
  RCODE_NXDOMAIN,
  RCODE_REFUSED,
  RCODE_SERVFAIL,
  type ResourceRecord,
  TYPE_CNAME,
  TYPE_SOA,
} from './message.ts'
import { canonicalName } from './name.ts'

/** RFC 1034 §3.6.2 wants none; real zones have some. */
const MAX_ALIASES = 16

export type Verdict =
  | { readonly kind: 'addresses'; readonly addresses: readonly string[]; readonly ttlSeconds: number }
  /** The chain leads to a name about which nothing is said. */
  | { readonly kind: 'alias'; readonly target: string; readonly ttlSeconds: number }
  /** `ttlSeconds` undefined: not to be remembered (RFC 2308 §5). */
  | { readonly kind: 'no-name' | 'no-data'; readonly ttlSeconds: number | undefined }
  /** This server can not say; another one might. */
  | { readonly kind: 'refused'; readonly rcode: number }
  /** It does not understand EDNS (RFC 6891 §7). */
  | { readonly kind: 'no-edns' }

export interface Asked extends Question {
  readonly id: number
  readonly edns: boolean
}

/** False: somebody else's, or nobody's. `question.name` is compared letter by letter when its case was random. */
export function isAnswerTo(message: DnsMessage, asked: Asked, isCaseRandom: boolean): boolean {
  if (!message.isResponse || message.id !== asked.id || message.opcode !== 0) return false
  const [question, ...more] = message.questions
  // A server that can not read the question may not repeat it.
  if (question === undefined)
    return [RCODE_FORMERR, RCODE_NOTIMP, RCODE_SERVFAIL, RCODE_REFUSED].includes(message.rcode)
  const isSameName = isCaseRandom
    ? question.name === asked.name
    : canonicalName(question.name) === canonicalName(asked.name)
  return more.length === 0 && isSameName && question.type === asked.type && question.class === asked.class
}

export function judge(message: DnsMessage, asked: Asked): Verdict {
  const { rcode } = message
  if (asked.edns && !message.hasEdns && (rcode === RCODE_FORMERR || rcode === RCODE_NOTIMP))
    return { kind: 'no-edns' }
  if (asked.edns && rcode === RCODE_BADVERS) return { kind: 'no-edns' }
  if (rcode !== RCODE_NOERROR && rcode !== RCODE_NXDOMAIN) return { kind: 'refused', rcode }
  const { owner, aliases, ttlSeconds } = followAliases(message, asked)
  if (owner === undefined) return { kind: 'refused', rcode: RCODE_SERVFAIL }
  const found = message.answers.filter((record) => isOf(record, owner, asked.type))
  const addresses = found.flatMap(({ data }) => (data.kind === 'address' ? [data.address] : []))
  if (addresses.length > 0)
    return {
      kind: 'addresses',
      addresses: [...new Set(addresses)],
      ttlSeconds: Math.min(ttlSeconds, ...found.map((record) => record.ttlSeconds)),
    }
  const negative = negativeTtl(message.authorities)
  const isAuthoritativeNothing = negative !== undefined || rcode === RCODE_NXDOMAIN
  if (aliases > 0 && !isAuthoritativeNothing) return { kind: 'alias', target: owner, ttlSeconds }
  const ttl = negative === undefined ? undefined : Math.min(negative, ttlSeconds)
  return { kind: rcode === RCODE_NXDOMAIN ? 'no-name' : 'no-data', ttlSeconds: ttl }
}

/** The name at the end of the chain of aliases; undefined: there is no end. */
function followAliases(message: DnsMessage, asked: Asked) {
  let owner: string | undefined = canonicalName(asked.name)
  let ttlSeconds = Number.POSITIVE_INFINITY
  for (let aliases = 0; aliases <= MAX_ALIASES; aliases++) {
    const current: string = owner
    const alias = message.answers.find((record) => isOf(record, current, TYPE_CNAME))
    if (alias?.data.kind !== 'alias') return { owner, aliases, ttlSeconds }
    owner = canonicalName(alias.data.target)
    ttlSeconds = Math.min(ttlSeconds, alias.ttlSeconds)
  }
  return { owner: undefined, aliases: 0, ttlSeconds }
}

const isOf = (record: ResourceRecord, owner: string, type: number): boolean =>
  record.type === type && record.class === CLASS_IN && canonicalName(record.name) === owner

/** RFC 2308 §5: the lesser of the SOA's own TTL and its MINIMUM. */
function negativeTtl(authorities: readonly ResourceRecord[]): number | undefined {
  const soa = authorities.find(({ type }) => type === TYPE_SOA)
  return soa?.data.kind === 'authority' ? Math.min(soa.ttlSeconds, soa.data.minimumSeconds) : undefined
}
