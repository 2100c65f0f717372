/** A path for a unix socket: in a folder of its own, short enough for sun_path, and gone with the test. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'

export const socketFor = (t: TestContext): string => {
  const folder = mkdtempSync(join(tmpdir(), 'warren-containers-'))
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  return join(folder, 'socket')
}
