/**
 * WireGuard's use of Noise IKpsk2 (paper §5.4.2, §5.4.3): its identifier as the prologue, the timestamp as
 * the first payload, nothing as the second, and indices around both. MACs are cookie.ts's.
 */
import type { KeyPair } from './crypto.ts'
import { encodeInitiation, encodeResponse } from './messages.ts'
import type { Initiation, Response } from './messages.ts'
import { ascii, NoiseInitiator, NoiseResponder } from './noise.ts'
import type { NoiseKeys } from './noise.ts'
import { TIMESTAMP_LENGTH } from './tai64n.ts'

export const IDENTIFIER = ascii('WireGuard v1 zx2c4 Jason@zx2c4.com')

const EMPTY = new Uint8Array(0)

export interface InitiationInput {
  readonly local: KeyPair
  readonly ephemeral: KeyPair
  readonly remotePublicKey: Uint8Array
  readonly staticShared: Uint8Array
  readonly timestamp: Uint8Array
  readonly localIndex: number
}

/** An initiation of ours that waits for its response. */
export interface PendingInitiation {
  readonly localIndex: number
  readonly noise: NoiseInitiator
}

/** Undefined when the peer's public key is a point of low order. The datagram still lacks its MACs. */
export function startHandshake(
  input: InitiationInput,
): { pending: PendingInitiation; datagram: Uint8Array } | undefined {
  const { localIndex, timestamp, ...keys } = input
  const noise = new NoiseInitiator({ prologue: IDENTIFIER, ...keys })
  const message = noise.writeFirst(timestamp)
  return message && { pending: { localIndex, noise }, datagram: encodeInitiation(localIndex, message) }
}

/** Undefined when it does not authenticate; the pending initiation then still waits. */
export function readResponse(
  pending: PendingInitiation,
  response: Response,
  presharedKey: Uint8Array,
): NoiseKeys | undefined {
  const read = pending.noise.readSecond(response.noise, presharedKey)
  return read?.payload.length === 0 ? read.keys : undefined
}

/** An initiation whose sender is claimed and not yet proven. */
export interface OpenedInitiation {
  readonly claimedPublicKey: Uint8Array
  readonly message: Initiation
  readonly noise: NoiseResponder
}

export function openInitiation(local: KeyPair, message: Initiation): OpenedInitiation | undefined {
  const noise = new NoiseResponder(IDENTIFIER, local)
  const claimedPublicKey = noise.readStatic(message.noise)
  return claimedPublicKey && { claimedPublicKey, message, noise }
}

/** The timestamp, and with it the proof that the claimed key's owner sent this (perhaps long ago). */
export function readTimestamp(opened: OpenedInitiation, staticShared: Uint8Array): Uint8Array | undefined {
  const timestamp = opened.noise.readPayload(opened.message.noise, staticShared)
  return timestamp?.length === TIMESTAMP_LENGTH ? timestamp : undefined
}

export interface AnswerInput {
  readonly ephemeral: KeyPair
  readonly presharedKey: Uint8Array
  readonly localIndex: number
}

/** After `readTimestamp`. Undefined for points of low order. The datagram still lacks its MACs. */
export function answerInitiation(
  opened: OpenedInitiation,
  { ephemeral, presharedKey, localIndex }: AnswerInput,
): { keys: NoiseKeys; datagram: Uint8Array } | undefined {
  const second = opened.noise.writeSecond({ ephemeral, presharedKey, payload: EMPTY })
  if (!second) return undefined
  const receiver = opened.message.sender
  const datagram = encodeResponse({ sender: localIndex, receiver, noise: second.message })
  return { keys: second.keys, datagram }
}
