/** Who may use a SOCKS port (RFC 1929). Comparing takes the same time whatever is wrong. */
import { createHash, timingSafeEqual } from 'node:crypto'

export interface SocksCredentials {
  readonly name: string
  readonly password: string
}

/** Undefined: everybody may. An empty list lets nobody in. Keeps digests only. */
export function authenticator(
  users: readonly SocksCredentials[] | undefined,
): ((name: Uint8Array, password: Uint8Array) => boolean) | undefined {
  if (users === undefined) return undefined
  const encoder = new TextEncoder()
  const known = users.map(({ name, password }) => digest(encoder.encode(name), encoder.encode(password)))
  return (name, password) => {
    const given = digest(name, password)
    let isKnown = false
    for (const one of known) isKnown = timingSafeEqual(one, given) || isKnown
    return isKnown
  }
}

/** Of both, each with its length, so that none of it can pass for the other. */
function digest(name: Uint8Array, password: Uint8Array): Uint8Array {
  return createHash('sha256')
    .update(Uint8Array.of(name.length & 255, name.length >> 8))
    .update(name)
    .update(password)
    .digest()
}
