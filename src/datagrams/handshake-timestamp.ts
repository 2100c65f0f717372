/**
 * The last reserved handshake timestamp on disk, one small file per interface: it must not go back when the process
 * restarts, not even on a machine whose clock starts in 1970 (paper §5.1). The file is replaced, never rewritten, so
 * a crash leaves the old or the new one.
 */
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

export class HandshakeTimestampFile {
  readonly #path: string
  #saved: string | undefined

  /** Makes the folder: while there are still privileges to do so. */
  constructor(stateDir: string, name: string) {
    mkdirSync(stateDir, { recursive: true, mode: 0o700 })
    this.#path = join(stateDir, `${name}.handshake-timestamp`)
    this.#saved = readIfThere(this.#path)
  }

  get saved(): string | undefined {
    return this.#saved
  }

  /** Must return before a handshake message with that timestamp leaves. */
  save(timestamp: string): void {
    if (timestamp === this.#saved || timestamp === '') return
    const fresh = `${this.#path}.new`
    // Flushed, because it is the machines without a clock battery that lose their power.
    writeFileSync(fresh, `${timestamp}\n`, { mode: 0o600, flush: true })
    renameSync(fresh, this.#path)
    this.#saved = timestamp
  }
}

function readIfThere(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8').trim()
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}
