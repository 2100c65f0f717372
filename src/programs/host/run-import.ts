/** What `warren import` does: objects to standard output, keys to a file of their own. */
import { basename } from 'node:path'
import { existsSync } from 'node:fs'
import { stringify } from 'yaml'

import type { Problem } from '../../model/index.ts'
import { parseWgConfig, type WgConfig } from '../../protocols/wireguard/formats/index.ts'
import { BadInput } from '../exit.ts'
import { readText } from '../files/read-text.ts'
import { writeTextAtomically } from '../files/write-text.ts'
import { thisNode } from '../planning/this-node.ts'
import { standardError, standardOutput } from '../terminal/terminal.ts'
import { type ImportedInterface, type ImportOptions, objectsOfConfig } from '../wg-quick/objects-of-config.ts'

export interface RunImportOptions {
  readonly node?: string
  readonly interface?: string
  readonly secrets?: string
}

type Found = { readonly config: WgConfig; readonly options: ImportOptions }

export async function runImport(files: readonly string[], options: RunImportOptions): Promise<void> {
  const node = options.node ?? thisNode()
  const found = files.length === 0 ? await readHost(node) : await readConfigs(files, { ...options, node })
  const imported = found.map((one) => objectsOfConfig(one.config, one.options))
  writeSecrets(imported, options.secrets)
  standardOutput().write(imported.map((one) => stringify(one.object, { lineWidth: 0 })).join('---\n'))
  for (const [index, one] of imported.entries()) {
    if (one.leftOut.length === 0) continue
    const name = found[index]?.options.interfaceName ?? ''
    standardError().write(
      `${name}: left out, because an object has no word for it: ${one.leftOut.join(', ')}\n`,
    )
  }
  if (imported.length === 0) standardError().write('There is no WireGuard interface here.\n')
}

async function readHost(node: string): Promise<Found[]> {
  const { readRunning } = await import('./running.ts')
  const { configOfRunning, importOptionsOf } = await import('./config-of-running.ts')
  return (await readRunning()).map((running) => ({
    config: configOfRunning(running),
    options: { node, interfaceName: running.name, ...importOptionsOf(running) },
  }))
}

async function readConfigs(
  files: readonly string[],
  { node, interface: given }: RunImportOptions & { readonly node: string },
): Promise<Found[]> {
  const problems: Problem[] = []
  const found: Found[] = []
  for (const file of files) {
    const read = await readText(file)
    if ('problem' in read) {
      problems.push(read.problem)
      continue
    }
    const parsed = parseWgConfig(read.text)
    problems.push(...parsed.problems.map(({ line, ...problem }) => toProblem(file, line, problem)))
    const interfaceName = given ?? (file === '-' ? undefined : basename(file).replace(/\.conf$/, ''))
    if (interfaceName === undefined) problems.push(NO_NAME)
    else found.push({ config: parsed.config, options: { node, interfaceName, ...tableOfDialect(file) } })
  }
  if (problems.length > 0) throw new BadInput(problems)
  return found
}

/** `wg showconf` knows nothing of routes. */
function tableOfDialect(file: string): Pick<ImportOptions, 'table'> {
  return file === '-' ? { table: 'off' } : {}
}

function toProblem(file: string, line: number, problem: { message: string; hint?: string }): Problem {
  return { code: 'InvalidWireGuardConfig', path: file, ...problem, at: { file, line, column: 1 } }
}

const NO_NAME: Problem = {
  code: 'InvalidArgument',
  path: '--interface',
  message: 'what is the interface on standard input called?',
  hint: 'Say --interface NAME.',
}

/** A file of its own for each interface, unless one was named: nothing is in the way of the next import. */
function writeSecrets(imported: readonly ImportedInterface[], named: string | undefined): void {
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
