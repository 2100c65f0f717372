/** Runs bin/warren for real, as a user would, and gives back everything it said and left behind. */
import { spawn } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { fileURLToPath } from 'node:url'

export const WARREN = fileURLToPath(new URL('../../bin/warren', import.meta.url))
export const EXAMPLES = fileURLToPath(new URL('../../examples', import.meta.url))

export interface Ended {
  readonly status: number | null
  readonly stdout: string
  readonly stderr: string
}

export interface RunOptions {
  readonly cwd?: string
  readonly env?: Readonly<Record<string, string>>
  readonly input?: string
}

export function runWarren(
  args: readonly string[],
  { cwd, env, input = '' }: RunOptions = {},
): Promise<Ended> {
  return new Promise((resolve, reject) => {
    const child = spawn(WARREN, args, { cwd, env: { ...process.env, ...env }, stdio: 'pipe' })
    let [stdout, stderr] = ['', '']
    child.stdout.setEncoding('utf8').on('data', (part: string) => (stdout += part))
    child.stderr.setEncoding('utf8').on('data', (part: string) => (stderr += part))
    child.stdin.on('error', () => {}) // It may end without reading.
    child.stdin.end(input)
    child.on('error', reject)
    child.on('close', (status) => resolve({ status, stdout, stderr }))
  })
}

/** Gone when the test ends. */
export function temporaryDirectory(t: TestContext): string {
  const directory = mkdtempSync(join(tmpdir(), 'warren-e2e-'))
  t.after(() => rmSync(directory, { recursive: true, force: true }))
  return directory
}

/** Every file below a directory with its mode and content, to see that nothing or only something changed. */
export function filesBelow(
  directory: string,
): Record<string, { readonly mode: number; readonly text: string }> {
  const paths = readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
  const entries = paths.toSorted().map((path) => {
    const { mode, size } = statSync(path)
    const text = size > 1_000_000 ? `${size} bytes` : readFileSync(path, 'utf8')
    return [path.slice(directory.length + 1), { mode: mode & 0o777, text }] as const
  })
  return Object.fromEntries(entries)
}
