/** What came of asking. */

export type Outcome =
  | { readonly kind: 'addresses'; readonly addresses: readonly string[] }
  /** The name does not exist; it exists and has no address of this family. */
  | { readonly kind: 'no-name' | 'no-data' }
  | ResolveFailure

export type ResolveFailureCode =
  /** No such name, or no address of it. */
  | 'ENOTFOUND'
  /** No server answered. */
  | 'ETIMEDOUT'
  /** The servers could not say, or did not want to. */
  | 'ESERVFAIL'
  | 'EREFUSED'
  /** It can not be a name. */
  | 'EBADNAME'
  /** Too many names are being asked for. */
  | 'ENOBUFS'
  /** The resolver was closed. */
  | 'ECANCELLED'

export interface ResolveFailure {
  readonly kind: 'failure'
  readonly code: ResolveFailureCode
  /** For a log: what was asked, whom, and what they said. */
  readonly message: string
}

export interface Resolved {
  readonly kind: 'addresses'
  /** At least one; the families in the order asked for, each in the order that the server gave. */
  readonly addresses: readonly string[]
  readonly ttlSeconds: number
}
