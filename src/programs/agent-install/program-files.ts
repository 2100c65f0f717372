/**
 * Which files the running program is made of, and one name for exactly these: what an installation copies. A
 * published package has compiled JavaScript; a clone runs its sources. Both need their dependencies beside them.
 */
import { createHash } from 'node:crypto'
import { existsSync, globSync, readFileSync, statSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { MissingHere } from '../exit.ts'
import type { PlacedFile } from './install-step.ts'

export interface ProgramFiles {
  /** `0.1.0-3f2a9c01`: the package's version, and what the files hold. */
  readonly version: string
  readonly files: readonly PlacedFile[]
}

interface Manifest {
  readonly version?: string
  readonly dependencies?: Readonly<Record<string, string>>
  readonly optionalDependencies?: Readonly<Record<string, string>>
}

/** The tree that this very program runs from. */
export const ownTree = (): string => fileURLToPath(new URL('../../..', import.meta.url)).replace(/\/$/, '')

export const programFiles = (tree: string): ProgramFiles => {
  if (!existsSync(join(tree, 'bin/warren'))) throw new MissingHere(`${tree} holds no warren: no bin/warren`)
  const code = existsSync(join(tree, 'src/programs/main.ts')) ? 'src' : 'dist'
  const own = ['package.json', 'bin', code].map((to) => ({ from: join(tree, to), to }))
  const packages = dependenciesOf(tree)
  const { version = '0' } = readManifest(tree)
  const files = [...own, ...packages.flatMap(whatIsUsed)]
  return { version: `${version}-${digestOf(tree, own, packages)}`, files }
}

/** Everything that the package needs while it runs, each once. Where npm put it: beside the package or above it. */
const dependenciesOf = (tree: string): PlacedFile[] => {
  const found = new Map<string, PlacedFile>()
  const visit = (folder: string): void => {
    const { dependencies = {}, optionalDependencies = {} } = readManifest(folder)
    for (const name of [...Object.keys(dependencies), ...Object.keys(optionalDependencies)].sort()) {
      const to = join('node_modules', name)
      if (found.has(to)) continue
      const from = nearestPackage(folder, name)
      if (from !== undefined) {
        found.set(to, { from, to })
        visit(from)
      } else if (name in dependencies) throw new MissingHere(`${folder} lacks its dependency ${name}`)
    }
  }
  visit(tree)
  return [...found.values()]
}

/** Of the package that brings Node along, the runtime; headers and manuals are a third of it. */
const whatIsUsed = (file: PlacedFile): PlacedFile[] =>
  file.to.startsWith('node_modules/node-linux-')
    ? ['bin/node', 'package.json'].map((path) => ({ from: join(file.from, path), to: join(file.to, path) }))
    : [file]

/** Node's own way of looking: in node_modules of the folder and of each folder above. */
const nearestPackage = (folder: string, name: string): string | undefined => {
  const path = join(folder, 'node_modules', name)
  if (existsSync(join(path, 'package.json'))) return path
  return dirname(folder) === folder ? undefined : nearestPackage(dirname(folder), name)
}

const readManifest = (folder: string): Manifest =>
  JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as Manifest

/** Our own files by what is in them, dependencies by their versions. */
const digestOf = (tree: string, own: readonly PlacedFile[], packages: readonly PlacedFile[]): string => {
  const hash = createHash('sha256')
  const paths = own.flatMap(({ from }) =>
    statSync(from).isFile() ? [from] : globSync(`${from}/**/*`).sort(),
  )
  for (const path of paths) {
    if (!statSync(path).isFile()) continue
    hash.update(`${relative(tree, path)}\0`).update(readFileSync(path))
  }
  for (const { from, to } of packages) hash.update(`${to}\0${readManifest(from).version ?? ''}\0`)
  return hash.digest('hex').slice(0, 8)
}
