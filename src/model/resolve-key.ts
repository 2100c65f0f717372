/** A key that is named by its source → the key itself, for the one node that uses it. */
import type { KeySource, SecretText } from './intent.ts'
import { decodeBase64, isKeyText, keyFromBytes } from './key-text.ts'
import type { Secret, WarrenObject } from './kinds/index.ts'
import { own } from './own.ts'
import { secretText } from './secret-text.ts'

/** On Secrets whose values were left out, because the node that holds this copy has no use for them. */
export const WITHHELD = 'warren.dev/withheld'

export const isWithheld = (secret: Secret): boolean => own(secret.metadata.annotations, WITHHELD) === 'true'

/** The value of that annotation where only the entries that the node uses were left in. */
export const WITHHELD_IN_PART = 'in-part'

const isWithheldInPart = (secret: Secret): boolean =>
  own(secret.metadata.annotations, WITHHELD) === WITHHELD_IN_PART

export type ResolvedKey =
  | { readonly kind: 'key'; readonly key: SecretText }
  | { readonly kind: 'none'; readonly reason: 'no-secret' | 'no-entry' | 'not-a-key' | 'withheld' }

/** Undefined for a key that the node makes itself. */
export function resolveKey(objects: readonly WarrenObject[], source: KeySource): SecretText | undefined {
  if (source.kind === 'node') return undefined
  if (source.kind === 'inline') return source.value
  const secret = objects.find(
    (object): object is Secret =>
      object.kind === 'Secret' &&
      object.metadata.name === source.name &&
      object.metadata.namespace === source.namespace,
  )
  const resolved = keyInSecret(secret, source.key)
  return resolved.kind === 'key' ? resolved.key : undefined
}

/** `stringData` wins over `data`, as at a Kubernetes API server. */
export function keyInSecret(secret: Secret | undefined, entry: string): ResolvedKey {
  if (secret === undefined) return { kind: 'none', reason: 'no-secret' }
  if (isWithheld(secret)) return { kind: 'none', reason: 'withheld' }
  const text = own(secret.stringData, entry)?.reveal().trim()
  if (text !== undefined) return isKeyText(text) ? found(text) : { kind: 'none', reason: 'not-a-key' }
  const data = own(secret.data, entry)?.reveal()
  if (data === undefined) return { kind: 'none', reason: isWithheldInPart(secret) ? 'withheld' : 'no-entry' }
  const bytes = decodeBase64(data)
  const key = bytes === undefined ? undefined : keyFromBytes(bytes)
  return key === undefined ? { kind: 'none', reason: 'not-a-key' } : found(key)
}

const found = (key: string): ResolvedKey => ({ kind: 'key', key: secretText(key) })
