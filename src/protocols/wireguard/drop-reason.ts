/**
 * Why a datagram or packet went nowhere. Bytes from a stranger are never errors: each is one of these, and
 * each has a counter.
 */

export const DROP_REASONS = [
  /** Shorter or longer than its type allows, or no known type. */
  'malformed',
  /** The device has no private key yet. */
  'no-private-key',
  'wrong-mac1',
  /** Under load, and without a valid MAC2; a cookie reply was sent (paper §5.3). */
  'cookie-required',
  /** Under load, and this source sends too much. */
  'rate-limited',
  /** Initiation from a static key that is no peer of ours. */
  'unknown-peer',
  /** The handshake message does not decrypt. */
  'wrong-handshake',
  /** The initiation's timestamp is not later than the last one (paper §5.1). */
  'replayed-initiation',
  /** More initiations of one peer than it could need. */
  'initiation-flood',
  /** Receiver index that we have not given out, or no longer know. */
  'unknown-index',
  'wrong-cookie-reply',
  /** The key is older than REJECT_AFTER_TIME or has done REJECT_AFTER_MESSAGES. */
  'expired-key',
  /** Transport data that does not decrypt. */
  'wrong-tag',
  'replayed-counter',
  /** Decrypted, but no IP packet or cut short. */
  'malformed-packet',
  /** The inner source address is not one of that peer's allowed IPs. */
  'wrong-source',
  /** To send: staged packets beyond the bound; the oldest goes. */
  'queue-overflow',
  /** To send: nobody knows where the peer is. */
  'no-endpoint',
  /** To send: the peer did not answer for REKEY_ATTEMPT_TIME. */
  'handshake-timeout',
] as const

export type DropReason = (typeof DROP_REASONS)[number]
