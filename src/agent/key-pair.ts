/** X25519 keys (RFC 7748) as WireGuard writes them: 44 characters of base64. Wraps node:crypto. */
import { createHash, createPrivateKey, createPublicKey, randomBytes } from 'node:crypto'

/** RFC 8410 §7: the PKCS #8 wrapping of a raw X25519 private key. */
const PKCS8_X25519 = Buffer.from('302e020100300506032b656e04220420', 'hex')

/** Clamped (RFC 7748 §5), as `wg genkey` writes them. */
export const generatePrivateKey = (): string => {
  const bytes = randomBytes(32)
  bytes.writeUInt8(bytes.readUInt8(0) & 248, 0)
  bytes.writeUInt8((bytes.readUInt8(31) & 127) | 64, 31)
  return bytes.toString('base64')
}

export const publicKeyOf = (privateKey: string): string => {
  const der = Buffer.concat([PKCS8_X25519, Buffer.from(privateKey, 'base64')])
  const key = createPublicKey(createPrivateKey({ key: der, format: 'der', type: 'pkcs8' }))
  return key.export({ format: 'der', type: 'spki' }).subarray(-32).toString('base64')
}

/** Lets two preshared keys be compared without keeping either. */
export const keyDigest = (key: string): string =>
  createHash('sha256').update(Buffer.from(key, 'base64')).digest('hex')
