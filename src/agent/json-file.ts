/** Small JSON files of the agent's own: replaced atomically, and a file that does not read back is no file. */
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'

export const readJson = async (path: string): Promise<unknown> => {
  try {
    return JSON.parse(await readFile(path, 'utf8'))
  } catch {
    return undefined // absent or damaged: what it remembered is remembered anew
  }
}

export const writeJson = async (
  path: string,
  value: unknown,
  o: { readonly mode: number } = { mode: 0o600 },
): Promise<void> => {
  await mkdir(dirname(path), { recursive: true, mode: o.mode === 0o600 ? 0o700 : 0o755 })
  await writeFile(`${path}.new`, `${JSON.stringify(value, undefined, 1)}\n`, { mode: o.mode })
  await rename(`${path}.new`, path)
}

/** The entries of a record whose values are strings. */
export const stringEntries = (value: unknown): [string, string][] =>
  typeof value === 'object' && value !== null
    ? Object.entries(value).filter((entry): entry is [string, string] => typeof entry[1] === 'string')
    : []
