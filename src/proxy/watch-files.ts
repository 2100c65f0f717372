/**
 * Tells when any of some files may have changed. Their folders are watched, not the files: editors and Kubernetes put
 * new files in the place of old ones. A burst of events is told once.
 */
import { type FSWatcher, watch } from 'node:fs'
import { basename, dirname } from 'node:path'

const SETTLE_MS = 200
/** What Kubernetes exchanges in a mounted folder; the files are links through it. */
const KUBERNETES_DATA = '..data'

export class FileWatch {
  readonly #onChange: () => void
  #watchers: FSWatcher[] = []
  #watched = ''
  #names: ReadonlySet<string> = new Set()
  #timer: NodeJS.Timeout | undefined

  constructor(onChange: () => void) {
    this.#onChange = onChange
  }

  /** The names of folders that cannot be watched. */
  watch(files: readonly string[]): readonly string[] {
    const folders = [...new Set(files.map((file) => dirname(file)))].toSorted()
    this.#names = new Set([...files.map((file) => basename(file)), KUBERNETES_DATA])
    if (folders.join('\0') === this.#watched) return []
    this.#closeAll()
    this.#watched = folders.join('\0')
    return folders.filter((folder) => !this.#open(folder))
  }

  close(): void {
    clearTimeout(this.#timer)
    this.#closeAll()
  }

  #open(folder: string): boolean {
    try {
      // What else happens in a folder, a log that grows in it, is nothing to us.
      const watcher = watch(folder, { persistent: false }, (_, name) => {
        if (name === null || this.#names.has(name)) this.#soon()
      })
      watcher.on('error', () => watcher.close())
      this.#watchers.push(watcher)
      return true
    } catch {
      return false // The caller says so; SIGHUP still works.
    }
  }

  #soon(): void {
    clearTimeout(this.#timer)
    this.#timer = setTimeout(this.#onChange, SETTLE_MS).unref()
  }

  #closeAll(): void {
    for (const watcher of this.#watchers) watcher.close()
    this.#watchers = []
  }
}
