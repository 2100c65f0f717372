/** What `warren import` does: objects to standard output, keys to a file of their own, what is left out to standard error. */
import { existsSync } from 'node:fs'
import { stringify } from 'yaml'

import type { Problem } from '../../model/index.ts'
import { BadInput } from '../exit.ts'
import { writeTextAtomically } from '../files/write-text.ts'
import { printable } from '../fleet/via.ts'
import type { LeftOut } from '../import/import-draft.ts'
import { type ImportedObjects, objectsOf } from '../import/objects-of-draft.ts'
import { env } from '../options.ts'
import { thisNode } from '../planning/this-node.ts'
import { standardError, standardOutput } from '../terminal/terminal.ts'
import { type ImportOptions, objectsOfConfig } from '../wg-quick/objects-of-config.ts'
import type { WgConfig } from '../../protocols/wireguard/formats/index.ts'
import { readImportFiles } from './import-files.ts'

export interface RunImportOptions {
  readonly node?: string
  readonly interface?: string
  readonly secrets?: string
}

export interface FoundConfig {
  readonly config: WgConfig
  readonly options: ImportOptions
}

export async function runImport(files: readonly string[], options: RunImportOptions): Promise<void> {
  const node = options.node ?? thisNode()
  const parts = files.length === 0 ? await readHost(node) : await readFiles(files, { ...options, node })
  writeSecrets(
    parts.flatMap(({ secrets }) => secrets),
    options.secrets,
  )
  const objects = parts.flatMap((part) => part.objects)
  standardOutput().write(objects.map((one) => stringify(one, { lineWidth: 0 })).join('---\n'))
  tellLeftOut(parts.flatMap(({ leftOut }) => leftOut))
  if (objects.length === 0) standardError().write('There is no interface here that can be declared.\n')
}

async function readHost(node: string): Promise<ImportedObjects[]> {
  const [{ observeHost }, { readLiveLinks }] = await Promise.all([
    import('../../agent/index.ts'),
    import('../import/live-links.ts'),
  ])
  const { liveFactsOf } = await import('./live-facts.ts')
  const { readRunning } = await import('./running.ts')
  const { configOfRunning, importOptionsOf } = await import('./config-of-running.ts')
  const wireguard = (await readRunning()).map((running) => ({
    config: configOfRunning(running),
    options: { node, interfaceName: running.name, ...importOptionsOf(running) },
  }))
  const stateDir = env('WARREN_STATE_DIR', '/var/lib/warren')
  const host = await observeHost({ stateDir })
  const draft = readLiveLinks(host, await liveFactsOf(host, stateDir))
  return [objectsOfConfigs(wireguard), objectsOf(draft, node)]
}

async function readFiles(
  files: readonly string[],
  options: RunImportOptions & { readonly node: string },
): Promise<ImportedObjects[]> {
  const { configs, drafts, problems } = await readImportFiles(files, options)
  if (problems.length > 0) throw new BadInput(problems)
  return [objectsOfConfigs(configs), ...drafts.map((draft) => objectsOf(draft, options.node))]
}

function objectsOfConfigs(found: readonly FoundConfig[]): ImportedObjects {
  const imported = found.map((one) => ({ ...objectsOfConfig(one.config, one.options), of: one.options }))
  return {
    objects: imported.map(({ object }) => object),
    secrets: imported,
    leftOut: imported.flatMap(({ leftOut, of }) =>
      leftOut.map((what) => ({ where: of.interfaceName, what })),
    ),
  }
}

/** One line for each place. */
function tellLeftOut(leftOut: readonly LeftOut[]): void {
  if (leftOut.length === 0) return
  const places = Map.groupBy(leftOut, ({ where }) => where)
  const lines = [...places].map(
    ([where, own]) => `  ${printable(`${where}: ${own.map(({ what }) => what).join(', ')}`)}\n`,
  )
  standardError().write(`Left out, because an object has no word for it:\n${lines.join('')}`)
}

/** A file of its own for each interface, unless one was named: nothing is in the way of the next import. */
function writeSecrets(imported: ImportedObjects['secrets'], named: string | undefined): void {
  const texts = new Map<string, string[]>()
  for (const { name, secret } of imported) {
    const file = named ?? `${name}.secrets.yaml`
    if (secret) texts.set(file, [...(texts.get(file) ?? []), stringify(secret, { lineWidth: 0 })])
  }
  const taken = [...texts.keys()].filter((file) => existsSync(file))
  if (taken.length > 0) throw new BadInput(taken.map(alreadyThere))
  for (const [file, parts] of texts) writeTextAtomically(file, parts.join('---\n'), { mode: 0o600 })
  const files = [...texts.keys()].join(', ')
  if (files !== '') standardError().write(`Keys are in ${files}, readable by you only.\n`)
}

/** Keys that are there already are never overwritten: they may be the only copy. */
function alreadyThere(file: string): Problem {
  const hint = 'Name another with --secrets, or remove it if you do not need it.'
  return { code: 'InvalidArgument', path: file, message: 'this file for keys is already there', hint }
}
