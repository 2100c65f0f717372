/**
 * The fastest cipher of this runtime that proves itself when the tunnel opens. The native engine may use what the node
 * binary exports; the plain one loads no native code at all.
 *
 *   native: OpenSSL's routines (0.9 µs for 1420 bytes) ▸ EVP (1.3) ▸ as plain      plain: WebAssembly (1.9) ▸ node:crypto (5)
 */
import { loadChachaAead, loadEvpAead } from '../linux/index.ts'
import { type Aead, loadWasmAead, nodeAead, TAG_LENGTH } from '../protocols/wireguard/index.ts'

export interface ChosenAead {
  readonly name: string
  readonly aead: Aead
}

type Candidate = readonly [name: string, load: () => Aead | undefined]

const NATIVE: readonly Candidate[] = [
  ['chacha20-poly1305', loadChachaAead],
  ['evp', loadEvpAead],
]
const WASM: Candidate = ['wasm', loadWasmAead]

export function chooseAead(kind: 'native' | 'plain'): ChosenAead {
  const candidates: readonly Candidate[] = kind === 'native' ? [...NATIVE, WASM] : [WASM]
  for (const [name, load] of candidates) {
    const aead = load()
    if (aead !== undefined && provesItself(aead)) return { name, aead }
  }
  return { name: 'node', aead: nodeAead }
}

/** Against node:crypto, at the lengths where implementations change their way. */
export function provesItself(aead: Aead): boolean {
  const keyBytes = Uint8Array.from({ length: 32 }, (_, index) => index * 11 + 3)
  const [key, oracle] = [aead.key(keyBytes), nodeAead.key(keyBytes)]
  const counter = 0x2_0000_0107
  const isSound = [0, 1, 15, 16, 17, 63, 64, 255, 256, 257, 1420, 1424].every((length) => {
    const ours = Uint8Array.from({ length: 64 + length + TAG_LENGTH + 32 }, (_, index) => index * 7)
    const theirs = ours.slice()
    const text = ours.slice()
    key.seal(ours, 64, length, counter)
    oracle.seal(theirs, 64, length, counter)
    if (!isSame(ours, theirs)) return false
    const sealedLength = length + TAG_LENGTH
    if (!key.open(ours, 64, sealedLength, counter)) return false
    if (!isSame(ours.subarray(64, 64 + length), text.subarray(64, 64 + length))) return false
    theirs[64 + sealedLength - 1]! ^= 1
    return !key.open(theirs, 64, sealedLength, counter)
  })
  key.dispose()
  return isSound
}

const isSame = (a: Uint8Array, b: Uint8Array): boolean => a.every((byte, index) => byte === b[index])
