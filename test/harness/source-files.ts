/**
 * The repository as text for the tests that judge it: which files there are and what they import.
 * Imports are read from the source text: static, re-exporting, dynamic and type-only ones alike.
 */
import { globSync, readFileSync } from 'node:fs'
import { dirname, join, normalize } from 'node:path'

/** One import: exactly one of path (relative to the root), node and npm is set. */
export interface SourceImport {
  readonly specifier: string
  readonly path?: string
  readonly node?: string
  readonly npm?: string
}

export function sourceFiles(folders: readonly string[]): readonly string[] {
  return folders.flatMap((folder) => globSync(`${folder}/**/*.ts`)).sort()
}

/** src/plan/mesh.ts is of area plan, src/protocols/wireguard/timers.ts of protocols/wireguard. */
export function areaOf(file: string): string {
  const [, first = '', second = ''] = file.split('/')
  return first === 'protocols' ? `${first}/${second}` : first
}

/** index.ts of an area, or of a folder directly in linux/ or protocols/wireguard/, which are wide enough for doors. */
export function isEntry(path: string): boolean {
  return /^src\/([a-z]+|protocols\/[a-z-]+|linux\/[a-z]+|protocols\/[a-z-]+\/[a-z]+)\/index\.ts$/.test(path)
}

const IMPORT = /(?<!')(?:\bfrom\s*|\bimport\s*\(\s*|\bimport\s+)(['"])([^'"\n]+)\1/g

export function importsOf(file: string): readonly SourceImport[] {
  const text = withoutComments(readFileSync(file, 'utf8'))
  return [...text.matchAll(IMPORT)].map(([, , specifier = '']) => classify(file, specifier))
}

function classify(file: string, specifier: string): SourceImport {
  if (specifier.startsWith('.')) return { specifier, path: normalize(join(dirname(file), specifier)) }
  if (specifier.startsWith('node:')) return { specifier, node: specifier }
  const parts = specifier.split('/')
  return { specifier, npm: parts.slice(0, specifier.startsWith('@') ? 2 : 1).join('/') }
}

/** Comments may name what the code must not use. String contents stay: good enough for searching words. */
export function withoutComments(text: string): string {
  return text.replace(/\/\*[\s\S]*?\*\//g, ' ').replace(/(^|[\s;{}(,])\/\/[^\n]*/g, '$1')
}
