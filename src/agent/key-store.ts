/**
 * The node's own private keys: one per network, made once, and never given to anyone. Files are 0600 in a 0700
 * folder, written whole (temporary file, fsync, link without overwriting), so that neither a crash nor two
 * processes at once can leave a node with half a key or with two.
 */
import { randomUUID } from 'node:crypto'
import { constants } from 'node:fs'
import { link, mkdir, open, readFile, unlink } from 'node:fs/promises'
import { join } from 'node:path'
import { isKeyText, secretText } from '../model/index.ts'
import type { ObjectRef, SecretText } from '../model/index.ts'
import { generatePrivateKey, publicKeyOf } from './key-pair.ts'

/** The key of a network belongs to the plan; one of a hand-written interface to that interface alone. */
export const keyFileName = (owner: ObjectRef): string =>
  `${owner.kind === 'WireGuardInterface' ? 'interface_' : ''}${owner.namespace}_${owner.name}.key`

export class KeyStore {
  readonly #dir: string

  constructor(stateDir: string) {
    this.#dir = join(stateDir, 'keys')
  }

  path(owner: ObjectRef): string {
    return join(this.#dir, keyFileName(owner))
  }

  /** Undefined while there is none. Throws when there is something that is not a key: it is never overwritten. */
  async read(owner: ObjectRef): Promise<SecretText | undefined> {
    let text: string
    try {
      text = await readFile(this.path(owner), 'utf8')
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
      throw error
    }
    if (!isKeyText(text.trim())) throw new Error(`Cannot use ${this.path(owner)}: it does not hold a key`)
    return secretText(text.trim())
  }

  async readOrMake(owner: ObjectRef): Promise<SecretText> {
    return (await this.read(owner)) ?? (await this.#make(owner))
  }

  async #make(owner: ObjectRef): Promise<SecretText> {
    await mkdir(this.#dir, { recursive: true, mode: 0o700 })
    const path = this.path(owner)
    const temporary = `${path}.${randomUUID()}`
    const flags = constants.O_CREAT | constants.O_TRUNC | constants.O_WRONLY | constants.O_NOFOLLOW
    const file = await open(temporary, flags, 0o600)
    try {
      await file.writeFile(`${generatePrivateKey()}\n`)
      await file.sync()
    } finally {
      await file.close()
    }
    try {
      await link(temporary, path)
    } catch (error) {
      // Somebody was faster; theirs is the key.
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
    } finally {
      await unlink(temporary)
    }
    await syncFolder(this.#dir)
    const key = await this.read(owner)
    if (key === undefined) throw new Error(`Cannot keep ${path}: it went away while it was written`)
    return key
  }
}

const syncFolder = async (dir: string): Promise<void> => {
  const folder = await open(dir, 'r')
  try {
    await folder.sync()
  } finally {
    await folder.close()
  }
}

/** The public key of this node in a network (`NAMESPACE/NAME`); makes the private one if there is none yet. */
export const nodeKey = async (stateDir: string, network: string): Promise<string> => {
  const slash = network.indexOf('/')
  const owner = {
    kind: 'WireGuardNetworkPlan',
    namespace: slash < 0 ? 'default' : network.slice(0, slash),
    name: network.slice(slash + 1),
  }
  return publicKeyOf((await new KeyStore(stateDir).readOrMake(owner)).reveal())
}
