/** Keys that the user brought: written into the plan itself, or in a Secret beside it. */
import {
  decodeBase64,
  keyFromBytes,
  type KeySource,
  type Secret,
  secretText,
  type SecretText,
  type WarrenObject,
} from '../../model/index.ts'

/** Undefined when the node makes its own, or when no such Secret was given. */
export function broughtKey(source: KeySource, objects: readonly WarrenObject[]): SecretText | undefined {
  switch (source.kind) {
    case 'node':
      return undefined
    case 'inline':
      return source.value
    case 'secret': {
      const secret = objects.find(
        (object): object is Secret =>
          object.kind === 'Secret' &&
          object.metadata.name === source.name &&
          object.metadata.namespace === source.namespace,
      )
      return secret && keyIn(secret, source.key)
    }
  }
}

function keyIn(secret: Secret, entry: string): SecretText | undefined {
  const plain = secret.stringData?.[entry]?.reveal()
  const encoded = secret.data?.[entry]?.reveal()
  const bytes = plain === undefined ? decodeBase64(encoded ?? '') : new TextEncoder().encode(plain)
  const key = bytes && keyFromBytes(bytes)
  return key === undefined ? undefined : secretText(key)
}
