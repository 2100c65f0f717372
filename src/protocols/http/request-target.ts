/**
 * The four forms of a request target (RFC 9112 §3.2), and how what it names joins the path of the target behind us.
 * Paths are joined and queries merged as Go's NewSingleHostReverseProxy does it, on the bytes as they came: nothing is
 * decoded, cleaned or resolved, so nobody behind us reads another path than the one that was sent.
 *
 *   base /api/?k=1   request /v1/x?y=2   →  /api/v1/x?k=1&y=2
 */
import { COLON, copyOctets, HOST, matches, octetsOf, QUESTION, SLASH, writeOctets } from './octets.ts'

const HTTP = octetsOf('http://')
const HTTPS = octetsOf('https://')
const AT = 0x40
const ASTERISK = 0x2a

export class RequestTarget {
  /** Of path and query; the path may be empty (absolute-form without one), and `*` is the asterisk-form. */
  pathStart = 0
  pathEnd = 0
  end = 0
  /** Of the authority of an absolute-form; both 0: none. */
  authorityStart = 0
  authorityEnd = 0
  isAsterisk = false

  /** bytes[start, end) holds no space or control. False: no form that a method other than CONNECT may have. */
  parse(bytes: Uint8Array, start: number, end: number): boolean {
    this.authorityStart = 0
    this.authorityEnd = 0
    this.isAsterisk = false
    this.end = end
    let at = start
    if (bytes[start] !== SLASH) {
      if (bytes[start] === ASTERISK && end - start === 1) this.isAsterisk = true
      else if ((at = this.#authority(bytes, start, end)) < 0) return false
    }
    this.pathStart = at
    while (at < end && bytes[at] !== QUESTION) at++
    this.pathEnd = at
    return true
  }

  #authority(bytes: Uint8Array, start: number, end: number): number {
    const scheme = [HTTP, HTTPS].find((one) => matches(bytes, start, Math.min(end, start + one.length), one))
    if (scheme === undefined) return -1
    let at = start + scheme.length
    this.authorityStart = at
    while (at < end && bytes[at] !== SLASH && bytes[at] !== QUESTION) at++
    this.authorityEnd = at
    return isHost(bytes, this.authorityStart, at) ? at : -1
  }
}

/** RFC 3986 §3.2.2: a host that is not empty, and perhaps a port; no userinfo. */
export function isHost(bytes: Uint8Array, start: number, end: number): boolean {
  if (end === start || bytes[start] === COLON) return false
  let at = start
  if (bytes[at] === 0x5b) {
    at = bytes.subarray(start, end).indexOf(0x5d) + start
    if (at < start) return false
    for (let inside = start + 1; inside < at; inside++) if (!isLiteralOctet(bytes[inside]!)) return false
    at++
    if (at < end && bytes[at] !== COLON) return false
  } else {
    while (at < end && bytes[at] !== COLON) {
      const octet = bytes[at++]!
      if (HOST[octet] === 0 || octet === AT || octet === 0x5b || octet === 0x5d) return false
    }
  }
  for (at++; at < end; at++) if (bytes[at]! < 0x30 || bytes[at]! > 0x39) return false
  return true
}

/** IPv6 in brackets; RFC 6874 zones are nobody else's business. */
const isLiteralOctet = (octet: number): boolean =>
  (octet >= 0x30 && octet <= 0x3a) || octet === 0x2e || ((octet | 0x20) >= 0x61 && (octet | 0x20) <= 0x66)

export interface TargetBase {
  /** Path and query of the target behind us, as octets; each may be empty. */
  readonly prefix: Uint8Array
  readonly query: Uint8Array
}

/** `path` as of a URL: one slash at its end is the one that a request brings. */
export function targetBase(path: string, query: string): TargetBase {
  return { prefix: octetsOf(path.endsWith('/') ? path.slice(0, -1) : path), query: octetsOf(query) }
}

/** Writes the target as the server behind us sees it; where it ended. At most length + base + 2. */
// oxlint-disable-next-line eslint/max-params -- per request
export function writeTarget(
  out: Uint8Array,
  at: number,
  bytes: Uint8Array,
  target: RequestTarget,
  base: TargetBase,
): number {
  const { pathStart, pathEnd, end } = target
  if (target.isAsterisk) return copyOctets(out, at, bytes, pathStart, end)
  at = writeOctets(out, at, base.prefix)
  if (pathStart === pathEnd) out[at++] = SLASH
  if (base.query.length === 0) return copyOctets(out, at, bytes, pathStart, end)
  at = copyOctets(out, at, bytes, pathStart, pathEnd)
  out[at++] = QUESTION
  at = writeOctets(out, at, base.query)
  if (end - pathEnd <= 1) return at
  out[at++] = 0x26
  return copyOctets(out, at, bytes, pathEnd + 1, end)
}
