/**
 * The head of a request as the server behind us gets it: lines are copied as they lie, in as long runs as possible; those
 * of this hop are left out (RFC 9110 §7.6.1), those that we answer for are written anew.
 */
import { FIELD } from './field-names.ts'
import { copyOctets, octetsOf, writeOctets, writeText } from './octets.ts'
import type { RequestHead } from './request-head.ts'
import { type TargetBase, writeTarget } from './request-target.ts'

export interface RequestRules {
  readonly base: TargetBase
  /** Written instead of the client's; undefined: the client's passes. */
  readonly host: Uint8Array | undefined
  /** For HTTP/1.0 clients that name none. */
  readonly defaultHost: Uint8Array
  readonly clientScheme: 'http' | 'https'
  /** The client is a proxy of ours: what it says in X-Forwarded-Host and -Proto stays. */
  readonly trustForwarded: boolean
  /** RFC 7239. */
  readonly forwarded: boolean
  /** RFC 9110 §7.6.3; our pseudonym. */
  readonly via: string | undefined
}

/** What may be added to a head, beside base path, query, host and twice the client's host. */
export const REQUEST_HEAD_GROWTH = 512

const VERSION_LINE = octetsOf(' HTTP/1.1\r\n')
const HOST_NAME = octetsOf('Host: ')
const FORWARDED_FOR = octetsOf('X-Forwarded-For: ')
const FORWARDED_HOST = octetsOf('X-Forwarded-Host: ')
const FORWARDED_PROTO = octetsOf('X-Forwarded-Proto: ')
const CHUNKED_LINE = octetsOf('Transfer-Encoding: chunked\r\n')
const TE_LINES = octetsOf('TE: trailers\r\nConnection: TE\r\n')
const UPGRADE_NAME = octetsOf('Upgrade: ')
const UPGRADE_LINE = octetsOf('Connection: Upgrade\r\n')
const LINE_END = octetsOf('\r\n')
const LIST_SEPARATOR = octetsOf(', ')

/** Whether a line of this kind is copied as it lies; indexed by FIELD. */
const COPIED = new Uint8Array(32)
for (const kind of [FIELD.other, FIELD.trailer, FIELD.forwarded, FIELD.accept, FIELD.expect]) COPIED[kind] = 1
for (const kind of [FIELD.proxyAuthenticate, FIELD.userAgent, FIELD.referer]) COPIED[kind] = 1

export interface ForwardedClient {
  /** Without brackets. */
  readonly address: string
}

/** Writes the head at out[at…]; where it ended. `out` must have room: see REQUEST_HEAD_GROWTH. */
// oxlint-disable-next-line eslint/max-params -- per request
export function writeRequestHead(
  out: Uint8Array,
  at: number,
  head: RequestHead,
  rules: RequestRules,
  client: ForwardedClient,
): number {
  const { bytes, fields } = head
  at = copyOctets(out, at, bytes, head.methodStart, head.methodEnd)
  out[at++] = 0x20
  at = writeTarget(out, at, bytes, head.target, rules.base)
  at = writeOctets(out, at, VERSION_LINE)
  const hostStays = rules.host === undefined && head.hostIndex >= 0 && !isAbsolute(head)
  if (!hostStays) at = writeHost(out, at, head, rules)
  at = copyLines(out, at, head, hostStays, rules.trustForwarded)
  if (head.framing.chunked) at = writeOctets(out, at, CHUNKED_LINE)
  at = writeForwarded(out, at, head, rules, client)
  if (head.wantsUpgrade) {
    at = writeOctets(out, at, UPGRADE_NAME)
    at = copyOctets(out, at, bytes, fields.valueStart(head.upgradeIndex), fields.valueEnd(head.upgradeIndex))
    at = writeOctets(out, at, LINE_END)
    at = writeOctets(out, at, UPGRADE_LINE)
  } else if (head.acceptsTrailers) at = writeOctets(out, at, TE_LINES)
  return writeOctets(out, at, LINE_END)
}

const isAbsolute = (head: RequestHead): boolean => head.target.authorityEnd > head.target.authorityStart

/** RFC 9112 §3.2.2: the authority of an absolute-form replaces what Host says. */
function writeHost(out: Uint8Array, at: number, head: RequestHead, rules: RequestRules): number {
  at = writeOctets(out, at, HOST_NAME)
  if (rules.host !== undefined) at = writeOctets(out, at, rules.host)
  else if (isAbsolute(head)) at = copyClientsHost(out, at, head)
  else at = writeOctets(out, at, rules.defaultHost)
  return writeOctets(out, at, LINE_END)
}

/** What the client asked for by name. */
function copyClientsHost(out: Uint8Array, at: number, head: RequestHead): number {
  const { bytes, fields, hostIndex, target } = head
  if (isAbsolute(head)) return copyOctets(out, at, bytes, target.authorityStart, target.authorityEnd)
  return copyOctets(out, at, bytes, fields.valueStart(hostIndex), fields.valueEnd(hostIndex))
}

// oxlint-disable-next-line eslint/max-params -- per request
function copyLines(
  out: Uint8Array,
  at: number,
  head: RequestHead,
  hostStays: boolean,
  trusts: boolean,
): number {
  const { bytes, fields, connection } = head
  const { kinds, count } = fields
  const listsFields = connection.listsFields
  /** Lines from here on are to be copied; -1: none. */
  let run = -1
  for (let index = 0; index < count; index++) {
    const kind = kinds[index]!
    let copied = COPIED[kind] === 1
    if (kind === FIELD.host) copied = hostStays
    else if (kind === FIELD.contentLength) copied = index === head.framing.lengthIndex
    else if (kind === FIELD.xForwardedHost || kind === FIELD.xForwardedProto) copied = trusts
    else if (kind === FIELD.expect) copied = !head.isHttp10
    else if (kind === FIELD.other && listsFields)
      copied = !connection.lists(bytes, fields.nameStart(index), fields.nameEnd(index))
    if (copied && run < 0) run = fields.nameStart(index)
    else if (!copied && run >= 0) {
      at = copyOctets(out, at, bytes, run, fields.nameStart(index))
      run = -1
    }
  }
  return run < 0 ? at : copyOctets(out, at, bytes, run, fields.emptyLine)
}

// oxlint-disable-next-line eslint/max-params -- per request
function writeForwarded(
  out: Uint8Array,
  at: number,
  head: RequestHead,
  rules: RequestRules,
  client: ForwardedClient,
): number {
  at = writeOctets(out, at, FORWARDED_FOR)
  if (head.lastForwardedFor >= 0) at = writeEarlierClients(out, at, head)
  at = writeText(out, at, client.address)
  at = writeOctets(out, at, LINE_END)
  const { hostIndex } = head
  const [names, proto] = rules.trustForwarded ? presentOf(head) : [false, false]
  if (hostIndex >= 0 && !names) {
    at = writeOctets(out, at, FORWARDED_HOST)
    at = copyClientsHost(out, at, head)
    at = writeOctets(out, at, LINE_END)
  }
  if (!proto) {
    at = writeOctets(out, at, FORWARDED_PROTO)
    at = writeText(out, at, rules.clientScheme)
    at = writeOctets(out, at, LINE_END)
  }
  if (rules.forwarded) at = writeForwardedElement(out, at, head, rules, client)
  if (rules.via === undefined) return at
  return writeText(out, at, `Via: 1.${head.isHttp10 ? 0 : 1} ${rules.via}\r\n`)
}

function writeEarlierClients(out: Uint8Array, at: number, head: RequestHead): number {
  const { fields } = head
  for (let index = 0; index < fields.count; index++) {
    if (fields.kinds[index] !== FIELD.xForwardedFor || fields.valueEnd(index) === fields.valueStart(index))
      continue
    at = copyOctets(out, at, head.bytes, fields.valueStart(index), fields.valueEnd(index))
    at = writeOctets(out, at, LIST_SEPARATOR)
  }
  return at
}

function presentOf({ fields }: RequestHead): readonly [boolean, boolean] {
  const kinds = fields.kinds.subarray(0, fields.count)
  return [kinds.includes(FIELD.xForwardedHost), kinds.includes(FIELD.xForwardedProto)]
}

/** A list may be spread over lines, so ours is one more (RFC 9110 §5.3). RFC 7239 §4, §6 say what is quoted. */
// oxlint-disable-next-line eslint/max-params -- like its caller
function writeForwardedElement(
  out: Uint8Array,
  at: number,
  head: RequestHead,
  rules: RequestRules,
  { address }: ForwardedClient,
): number {
  at = writeText(
    out,
    at,
    address.includes(':') ? `Forwarded: for="[${address}]"` : `Forwarded: for=${address}`,
  )
  if (head.hostIndex >= 0) {
    at = writeText(out, at, ';host="')
    at = copyClientsHost(out, at, head)
    at = writeText(out, at, '"')
  }
  return writeText(out, at, `;proto=${rules.clientScheme}\r\n`)
}
