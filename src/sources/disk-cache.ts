/**
 * The last good plan, on disk: what a node runs when its source is gone or turned bad, also after a reboot.
 * It may hold keys that the user put into the plan, so it is 0600 in a 0700 folder, and replaced atomically.
 */
import { mkdir, open, readFile, rename } from 'node:fs/promises'
import { dirname } from 'node:path'
import { formatAllocations, formatObjects, parseAllocations, parseObjects } from '../model/index.ts'
import type { SourceSnapshot } from './source.ts'

const SEPARATOR = '\n# --- allocations ---\n'

export interface CacheHead {
  readonly digest: string
  readonly parts: readonly string[]
}

export class DiskCache {
  readonly #path: string

  constructor(path: string) {
    this.#path = path
  }

  async save(snapshot: SourceSnapshot): Promise<void> {
    const digest = `# ${JSON.stringify({ digest: snapshot.digest, parts: snapshot.parts ?? [] })}\n`
    const text = `${digest}${formatObjects(snapshot.objects)}${SEPARATOR}${formatAllocations(snapshot.allocations)}`
    await mkdir(dirname(this.#path), { recursive: true, mode: 0o700 })
    const file = await open(`${this.#path}.new`, 'w', 0o600)
    try {
      await file.writeFile(text)
      await file.sync()
    } finally {
      await file.close()
    }
    await rename(`${this.#path}.new`, this.#path)
  }

  /** What is kept, without reading it all: parsing a plan costs more than anything else a start does. */
  async head(): Promise<CacheHead> {
    let file
    try {
      file = await open(this.#path, 'r')
    } catch {
      return { digest: '', parts: [] } // never saved, or not readable by us
    }
    try {
      const { buffer, bytesRead } = await file.read(Buffer.alloc(65_536), 0, 65_536, 0)
      return headOf(buffer.toString('utf8', 0, bytesRead))
    } finally {
      await file.close()
    }
  }

  /** Undefined when there is none, or when it does not read back: then there is nothing to fall back to. */
  async load(): Promise<SourceSnapshot | undefined> {
    let text: string
    try {
      text = await readFile(this.#path, 'utf8')
    } catch {
      return undefined // never saved, or not readable by us: the same to the caller
    }
    const [objects = '', lock] = text.split(SEPARATOR)
    const parsed = parseObjects(objects, { file: this.#path })
    const allocated = parseAllocations(lock ?? '', { file: this.#path })
    if (lock === undefined || parsed.problems.length + allocated.problems.length > 0) return undefined
    return { ...headOf(text), objects: parsed.objects, allocations: allocated.allocations, problems: [] }
  }
}

/** The first line, which is a comment to YAML. */
const headOf = (text: string): CacheHead => {
  try {
    const value = JSON.parse(text.slice(2, text.indexOf('\n'))) as { digest?: unknown; parts?: unknown }
    const parts = Array.isArray(value.parts) ? value.parts.filter((p) => typeof p === 'string') : []
    return { digest: typeof value.digest === 'string' ? value.digest : '', parts }
  } catch {
    return { digest: '', parts: [] } // an older version's: the objects still count
  }
}
