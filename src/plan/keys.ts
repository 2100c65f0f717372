/**
 * Whose key is whose. A node's key is written in the plan, or in a Secret of the plan's own namespace, or made by
 * the node itself; its public half then comes from the plan, from the key, or from the allocations.
 */
import {
  type Allocations,
  formatPath,
  keyInSecret,
  type KeySource,
  own,
  publicKeyOf,
  type Secret,
  type SecretRef,
  type SecretText,
} from '../model/index.ts'
import type { Mistake, ProblemList, Where } from './problem-list.ts'

export interface KeySpec {
  readonly privateKey?: SecretText | undefined
  readonly privateKeySecretRef?: SecretRef | undefined
  readonly publicKey?: string | undefined
}

export interface KeyQuestion {
  readonly network: { readonly namespace: string; readonly name: string }
  readonly node: string
  readonly spec: KeySpec
  /** The object around the key's fields. */
  readonly where: Where
}

export interface NodeKey {
  readonly privateKey: KeySource
  /** Undefined while nobody knows it. */
  readonly publicKey: string | undefined
}

export class KeyFinder {
  readonly #secrets: ReadonlyMap<string, Secret>
  readonly #allocations: Allocations
  readonly #problems: ProblemList

  constructor(secrets: readonly Secret[], allocations: Allocations, problems: ProblemList) {
    this.#secrets = new Map(secrets.map((one) => [`${one.metadata.namespace}/${one.metadata.name}`, one]))
    this.#allocations = allocations
    this.#problems = problems
  }

  find(question: KeyQuestion): NodeKey {
    const { spec, network, where } = question
    const known = own(
      own(this.#allocations.networks, `${network.namespace}/${network.name}`)?.nodes,
      question.node,
    )
    if (spec.privateKey !== undefined) {
      const publicKey = this.#derived(spec.privateKey, spec.publicKey, where)
      return { privateKey: { kind: 'inline', value: spec.privateKey }, publicKey }
    }
    if (spec.privateKeySecretRef === undefined) {
      return { privateKey: { kind: 'node' }, publicKey: spec.publicKey ?? known?.publicKey }
    }
    const at = { object: where.object, path: [...where.path, 'privateKeySecretRef'] }
    const privateKey = this.reference(spec.privateKeySecretRef, network.namespace, at)
    const key = this.#keyOf(privateKey)
    if (key === undefined) return { privateKey, publicKey: spec.publicKey ?? known?.publicKey }
    return { privateKey, publicKey: this.#derived(key, spec.publicKey, where) }
  }

  /** The source that a reference names. */
  source(ref: SecretRef, namespace: string): KeySource & { kind: 'secret' } {
    return { kind: 'secret', namespace, name: ref.name, key: ref.key }
  }

  /** The same; what is wrong with the reference becomes a problem. */
  reference(ref: SecretRef, namespace: string, where: Where): KeySource & { kind: 'secret' } {
    const source = this.source(ref, namespace)
    if (ref.namespace !== undefined && ref.namespace !== namespace) {
      this.#problems.add(where, {
        code: 'CrossNamespaceSecret',
        message: `the Secret is in ${ref.namespace}, the object in ${namespace}`,
        hint: `Put the Secret into ${namespace} and leave the namespace out.`,
      })
      return source
    }
    const resolved = keyInSecret(this.#secrets.get(`${namespace}/${ref.name}`), ref.key)
    if (resolved.kind === 'none' && resolved.reason !== 'withheld') {
      this.#problems.add(where, unresolved(ref, namespace, resolved.reason))
    }
    return source
  }

  #keyOf(source: KeySource & { kind: 'secret' }): SecretText | undefined {
    const resolved = keyInSecret(this.#secrets.get(`${source.namespace}/${source.name}`), source.key)
    return resolved.kind === 'key' ? resolved.key : undefined
  }

  #derived(key: SecretText, claimed: string | undefined, where: Where): string {
    const derived = publicKeyOf(key.reveal())
    if (claimed !== undefined && claimed !== derived) {
      const path = [...where.path, 'publicKey']
      const message = `${formatPath(path)} does not belong to the private key`
      this.#problems.add(
        { object: where.object, path },
        { code: 'KeyPairMismatch', message, hint: 'Leave it out.' },
      )
    }
    return derived
  }
}

function unresolved(
  ref: SecretRef,
  namespace: string,
  reason: 'no-secret' | 'no-entry' | 'not-a-key',
): Mistake {
  switch (reason) {
    case 'no-secret':
      return {
        code: 'SecretNotFound',
        message: `there is no Secret ${ref.name} in the namespace ${namespace}`,
        hint: 'Add the Secret to the files, or leave the reference out: the node then makes its own key.',
      }
    case 'no-entry':
      return {
        code: 'SecretNotFound',
        message: `the Secret ${ref.name} has no entry ${ref.key}`,
        hint: 'Add it to data (base64) or to stringData (text).',
      }
    case 'not-a-key':
      return {
        code: 'InvalidKey',
        message: `the entry ${ref.key} of the Secret ${ref.name} is not a key`,
        hint: 'It must hold 32 bytes, or the 44 characters of base64 for them.',
      }
  }
}
