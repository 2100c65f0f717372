/**
 * Keys by their source: the node's own, inline in an object, or an entry of a Secret (32 raw bytes in `data`, or
 * the base64 text of a key in either) from the namespace that the intent names, which the planner has checked
 * to be the object's own.
 */
import { decodeBase64, isKeyText, keyFromBytes, secretText } from '../model/index.ts'
import type {
  KeySource,
  NodeIntent,
  ObjectRef,
  Problem,
  SecretText,
  WarrenObject,
  WireGuardIntent,
} from '../model/index.ts'
import { peerId } from '../reconcile/index.ts'
import { idOf } from './by-link.ts'
import type { ResolvedKeys } from './host.ts'
import { keyDigest, publicKeyOf } from './key-pair.ts'
import type { KeyStore } from './key-store.ts'

export interface NodeKeys extends ResolvedKeys {
  /** By `linkIdOf`. */
  readonly publicKeys: ReadonlyMap<string, string>
  readonly presharedKeyDigests: ReadonlyMap<string, string>
  /** By `linkIdOf`: an interface with one of these cannot be applied. */
  readonly problems: ReadonlyMap<string, Problem>
}

export interface ResolveKeysOptions {
  readonly objects: readonly WarrenObject[]
  readonly store: KeyStore
  /** A dry run makes no key: the interface then has none yet. */
  readonly make: boolean
}

export const resolveKeys = async (intent: NodeIntent, o: ResolveKeysOptions): Promise<NodeKeys> => {
  const keys = {
    privateKeys: new Map<string, SecretText>(),
    presharedKeys: new Map<string, SecretText>(),
    publicKeys: new Map<string, string>(),
    presharedKeyDigests: new Map<string, string>(),
    problems: new Map<string, Problem>(),
  }
  for (const wg of intent.interfaces) {
    const problem = await resolveInterface(wg, o, keys).catch((error: Error): Problem => {
      // A key file that is damaged or cannot be read or written: this interface has to wait, the others not.
      return { code: 'KeyUnresolved', path: `${wg.owner.kind}/${wg.owner.name}`, message: error.message }
    })
    if (problem !== undefined) keys.problems.set(idOf(wg), problem)
  }
  return keys
}

type Maps = {
  readonly [K in 'privateKeys' | 'presharedKeys']: Map<string, SecretText>
} & { readonly [K in 'publicKeys' | 'presharedKeyDigests']: Map<string, string> }

const resolveInterface = async (
  wg: WireGuardIntent,
  o: ResolveKeysOptions,
  keys: Maps,
): Promise<Problem | undefined> => {
  const path = `${wg.owner.kind}/${wg.owner.name}`
  const own = await resolve(wg.privateKey, wg.owner, o)
  if (own === 'unresolved') return { code: 'KeyUnresolved', path, message: whyNot(wg.privateKey) }
  if (own !== undefined) {
    const publicKey = publicKeyOf(own.reveal())
    if (wg.publicKey !== undefined && wg.publicKey !== publicKey) {
      const message = `the lock says ${wg.publicKey} for ${wg.name}, but this node has ${publicKey}`
      const hint = 'Run `warren keys --accept-new-keys` if the node was set up anew, and push again.'
      return { code: 'KeyMismatch', path, message, hint }
    }
    keys.privateKeys.set(idOf(wg), own)
    keys.publicKeys.set(idOf(wg), publicKey)
  }
  for (const peer of wg.peers) {
    if (peer.presharedKey === undefined) continue
    const key = await resolve(peer.presharedKey, wg.owner, o)
    if (key === 'unresolved' || key === undefined)
      return { code: 'KeyUnresolved', path, message: whyNot(peer.presharedKey) }
    keys.presharedKeys.set(peerId(idOf(wg), peer.publicKey), key)
    keys.presharedKeyDigests.set(peerId(idOf(wg), peer.publicKey), keyDigest(key.reveal()))
  }
  return undefined
}

const resolve = async (
  source: KeySource,
  owner: ObjectRef,
  o: ResolveKeysOptions,
): Promise<SecretText | 'unresolved' | undefined> => {
  switch (source.kind) {
    case 'node':
      return o.make ? await o.store.readOrMake(owner) : await o.store.read(owner)
    case 'inline':
      return isKeyText(source.value.reveal()) ? source.value : 'unresolved'
    case 'secret':
      return fromSecret(source, o.objects) ?? 'unresolved'
  }
}

const fromSecret = (
  source: Extract<KeySource, { kind: 'secret' }>,
  objects: readonly WarrenObject[],
): SecretText | undefined => {
  const secret = objects.find(
    (object) =>
      object.kind === 'Secret' &&
      object.metadata.name === source.name &&
      object.metadata.namespace === source.namespace,
  )
  if (secret?.kind !== 'Secret') return undefined
  // As with Kubernetes, stringData wins over data.
  const text = secret.stringData?.[source.key]?.reveal().trim()
  if (text !== undefined) return isKeyText(text) ? secretText(text) : undefined
  const bytes = decodeBase64(secret.data?.[source.key]?.reveal() ?? '')
  const key = bytes === undefined ? undefined : keyFromBytes(bytes)
  return key === undefined ? undefined : secretText(key)
}

const whyNot = (source: KeySource): string =>
  source.kind === 'secret'
    ? `the Secret ${source.namespace}/${source.name} has no key in its entry ${source.key}`
    : 'the private key is malformed'
