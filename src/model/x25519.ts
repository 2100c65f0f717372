/**
 * The public half of a key that the user brings: X25519 with the base point 9 (RFC 7748 §5), in plain numbers so
 * that planning needs no platform. It takes about a millisecond and is not constant-time: it runs where the user
 * keeps the key in a file anyway, never on a packet. Tunnels use the platform's own X25519.
 */
import { decodeBase64, encodeBase64 } from './key-text.ts'

const P = 2n ** 255n - 19n
const A24 = 121665n
const mod = (value: bigint): bigint => {
  const rest = value % P
  return rest < 0n ? rest + P : rest
}

/** Base64 in, base64 out. The text must be a key (`isKeyText`). */
export function publicKeyOf(privateKey: string): string {
  const bytes = decodeBase64(privateKey) ?? new Uint8Array(32)
  bytes[0] = (bytes[0] ?? 0) & 248
  bytes[31] = ((bytes[31] ?? 0) & 127) | 64
  return encodeBase64(toBytes(ladder(fromBytes(bytes), 9n)))
}

const fromBytes = (bytes: Uint8Array): bigint =>
  bytes.reduceRight((sum, byte) => (sum << 8n) | BigInt(byte), 0n)

function toBytes(value: bigint): Uint8Array {
  return Uint8Array.from({ length: 32 }, (_, index) => Number((value >> BigInt(8 * index)) & 255n))
}

/** RFC 7748 §5: the Montgomery ladder, in its words. */
function ladder(k: bigint, u: bigint): bigint {
  let [x2, z2, x3, z3, swap] = [1n, 0n, u, 1n, 0n]
  for (let t = 254n; t >= 0n; t--) {
    const bit = (k >> t) & 1n
    if (swap !== bit) [x2, z2, x3, z3] = [x3, z3, x2, z2]
    swap = bit
    const [a, b] = [x2 + z2, x2 - z2]
    const [aa, bb] = [mod(a * a), mod(b * b)]
    const e = aa - bb
    const [da, cb] = [mod((x3 - z3) * a), mod((x3 + z3) * b)]
    x3 = mod((da + cb) ** 2n)
    z3 = mod(u * mod((da - cb) ** 2n))
    x2 = mod(aa * bb)
    z2 = mod(e * (aa + A24 * e))
  }
  if (swap === 1n) [x2, z2] = [x3, z3]
  return mod(x2 * power(z2, P - 2n))
}

function power(base: bigint, exponent: bigint): bigint {
  let result = 1n
  for (let [b, e] = [base, exponent]; e > 0n; e >>= 1n, b = mod(b * b))
    if ((e & 1n) === 1n) result = mod(result * b)
  return result
}
