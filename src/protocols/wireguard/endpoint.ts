/**
 * Where a peer is: the outer source of its last authentic datagram (paper §2.1, roaming). The caller makes
 * these objects and may hang more on them (a sockaddr, a local address to answer from); the state machine
 * only keeps them and gives them back. One object per remote address, kept by the caller, avoids garbage.
 */

export interface Endpoint {
  /** RFC 5952 text without brackets or zone; IPv4-mapped addresses as IPv4. */
  readonly address: string
  readonly port: number
  /** Interface index of a link-local address. */
  readonly scopeId?: number
}
