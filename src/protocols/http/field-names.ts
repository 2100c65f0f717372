/** The fields that a proxy has rules for. Every other name is 0: copied as it lies, unless Connection lists it. */
import { octetsOf } from './octets.ts'

export const FIELD = {
  other: 0,
  connection: 1,
  keepAlive: 2,
  proxyConnection: 3,
  te: 4,
  trailer: 5,
  transferEncoding: 6,
  upgrade: 7,
  contentLength: 8,
  host: 9,
  expect: 10,
  xForwardedFor: 11,
  xForwardedHost: 12,
  xForwardedProto: 13,
  forwarded: 14,
  accept: 15,
  proxyAuthenticate: 16,
  proxyAuthorization: 17,
  http2Settings: 18,
  userAgent: 19,
  referer: 20,
} as const

export const FIELD_NAMES: Readonly<Record<keyof typeof FIELD, string>> = {
  other: '',
  connection: 'connection',
  keepAlive: 'keep-alive',
  proxyConnection: 'proxy-connection',
  te: 'te',
  trailer: 'trailer',
  transferEncoding: 'transfer-encoding',
  upgrade: 'upgrade',
  contentLength: 'content-length',
  host: 'host',
  expect: 'expect',
  xForwardedFor: 'x-forwarded-for',
  xForwardedHost: 'x-forwarded-host',
  xForwardedProto: 'x-forwarded-proto',
  forwarded: 'forwarded',
  accept: 'accept',
  proxyAuthenticate: 'proxy-authenticate',
  proxyAuthorization: 'proxy-authorization',
  http2Settings: 'http2-settings',
  userAgent: 'user-agent',
  referer: 'referer',
}

interface Known {
  readonly name: Uint8Array
  readonly kind: number
}

const NO_NAMES: readonly Known[] = []
const LONGEST = 32
/** By length: few names share one, so that most fields are told by one or two comparisons of a letter. */
const BY_LENGTH: readonly (readonly Known[])[] = Array.from({ length: LONGEST + 1 }, (_, length) =>
  Object.entries(FIELD_NAMES)
    .filter(([, name]) => name !== '' && name.length === length)
    .map(([key, name]) => ({ name: octetsOf(name), kind: FIELD[key as keyof typeof FIELD] })),
)

/** bytes[start, end) consists of tchars only: with the case bit set, no two of those we compare with are the same. */
export function fieldKindOf(bytes: Uint8Array, start: number, end: number): number {
  const length = end - start
  const candidates = length > LONGEST ? NO_NAMES : BY_LENGTH[length]!
  for (let index = 0; index < candidates.length; index++) {
    const { name, kind } = candidates[index]!
    let at = 0
    while (at < length && (bytes[start + at]! | 0x20) === name[at]) at++
    if (at === length) return kind
  }
  return FIELD.other
}
