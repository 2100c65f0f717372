/** X25519 keys as WireGuard writes them: 32 clamped bytes (RFC 7748 §5) as 44 characters of base64. */
import { createPrivateKey, randomBytes } from 'node:crypto'

/** RFC 8410 §7: what stands before the 32 bytes in PKCS #8. */
const PKCS8_PREFIX = Buffer.from('302e020100300506032b656e04220420', 'hex')

export function makePrivateKey(): string {
  const bytes = randomBytes(32)
  bytes.writeUInt8(bytes.readUInt8(0) & 248, 0)
  bytes.writeUInt8((bytes.readUInt8(31) & 127) | 64, 31)
  return bytes.toString('base64')
}

export function publicKeyOf(privateKey: string): string {
  const der = Buffer.concat([PKCS8_PREFIX, Buffer.from(privateKey, 'base64')])
  // The public half is derived on the way in; RFC 8037 §2 has it beside the private one.
  const key = createPrivateKey({ key: der, format: 'der', type: 'pkcs8' })
  return Buffer.from(key.export({ format: 'jwk' }).x ?? '', 'base64url').toString('base64')
}
