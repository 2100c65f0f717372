/**
 * The private keys that `generate` made, in one file of its folder: `private-keys.yaml`, 0600. An entry is added
 * once and never changed or taken away, so that files written again are the same files.
 */
import { join } from 'node:path'

import { isKeyText, own, type Problem } from '../../model/index.ts'
import { BadInput } from '../exit.ts'
import { readText } from '../files/read-text.ts'
import { makePrivateDirectory } from '../files/make-directory.ts'
import { writeTextAtomically } from '../files/write-text.ts'
import { makePrivateKey, publicKeyOf } from './key-pair.ts'

/** Network (`NAMESPACE/NAME`) → node → private key. */
type Keys = Record<string, Record<string, string>>

const HEADER =
  '# Private keys that `warren generate` made. Keep this file secret, and keep it: files made again need it.\n'

export interface KeyPair {
  readonly privateKey: string
  readonly publicKey: string
}

export class KeyRing {
  readonly #file: string
  readonly #keys: Keys
  readonly #publicKeys = new Map<string, string>()
  #added = 0

  private constructor(file: string, keys: Keys) {
    this.#file = file
    this.#keys = keys
  }

  static async open(directory: string): Promise<KeyRing> {
    const file = join(directory, 'private-keys.yaml')
    const read = await readText(file)
    if ('text' in read) return new KeyRing(file, parseKeys(read.text, file))
    if (read.absent) return new KeyRing(file, {})
    throw new BadInput([read.problem])
  }

  get(network: string, node: string): KeyPair | undefined {
    const privateKey = own(own(this.#keys, network), node)
    return privateKey === undefined ? undefined : this.#pairOf(privateKey)
  }

  /** A derivation costs as much as all the rest of a node's file. */
  #pairOf(privateKey: string): KeyPair {
    const publicKey = this.#publicKeys.get(privateKey) ?? publicKeyOf(privateKey)
    this.#publicKeys.set(privateKey, publicKey)
    return { privateKey, publicKey }
  }

  getOrMake(network: string, node: string): KeyPair {
    const known = this.get(network, node)
    if (known !== undefined) return known
    const made = makePrivateKey()
    this.#keys[network] = { ...this.#keys[network], [node]: made }
    this.#added += 1
    return this.#pairOf(made)
  }

  get added(): number {
    return this.#added
  }

  /** Before anything that uses the new keys is written. */
  save(directory: string): void {
    if (this.#added === 0) return
    makePrivateDirectory(directory)
    writeTextAtomically(this.#file, HEADER + formatKeys(this.#keys), { mode: 0o600 })
  }
}

// Three levels of fixed shape; a YAML library costs as much time as all the rest of `generate`.
function formatKeys(keys: Keys): string {
  return Object.entries(keys)
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([network, nodes]) => {
      const lines = Object.entries(nodes).toSorted(([a], [b]) => (a < b ? -1 : 1))
      return `${JSON.stringify(network)}:\n${lines.map(([node, key]) => `  ${JSON.stringify(node)}: ${JSON.stringify(key)}\n`).join('')}`
    })
    .join('')
}

function parseKeys(text: string, file: string): Keys {
  const keys: Keys = {}
  const problems: Problem[] = []
  let network: Record<string, string> | undefined
  for (const [index, line] of text.split('\n').entries()) {
    if (line === '' || line.startsWith('#')) continue
    const [, indent, name, key] = /^( {2})?"([^"\\]+)":(?: "([^"]*)")?$/.exec(line) ?? []
    if (name !== undefined && indent === undefined && key === undefined) {
      network = keys[name] ??= {}
    } else if (name !== undefined && network && key !== undefined && isKeyText(key)) {
      network[name] = key
    } else {
      problems.push({
        code: 'InvalidKey',
        path: file,
        message: 'not a line of a file of private keys',
        hint: 'Restore the file from a copy: without it, all machines would need new keys.',
        at: { file, line: index + 1, column: 1 },
      })
    }
  }
  if (problems.length > 0) throw new BadInput(problems)
  return keys
}
