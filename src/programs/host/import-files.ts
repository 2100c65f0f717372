/** Which format each file of an import is in, told by its name, and what is in it. Folders are looked into. */
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { basename, join } from 'node:path'
import type { Problem } from '../../model/index.ts'
import { parseWgConfig } from '../../protocols/wireguard/formats/index.ts'
import { readText } from '../files/read-text.ts'
import { ImportDraft } from '../import/import-draft.ts'
import { readNetplan } from '../import/netplan.ts'
import { readNetworkd } from '../import/networkd.ts'
import type { ImportOptions } from '../wg-quick/objects-of-config.ts'
import type { FoundConfig, RunImportOptions } from './run-import.ts'

export interface ImportFiles {
  readonly configs: readonly FoundConfig[]
  readonly drafts: readonly ImportDraft[]
  readonly problems: readonly Problem[]
}

interface TextFile {
  readonly file: string
  readonly text: string
}

export async function readImportFiles(
  given: readonly string[],
  options: RunImportOptions & { readonly node: string },
): Promise<ImportFiles> {
  const problems: Problem[] = []
  const texts: TextFile[] = []
  for (const file of given.flatMap(filesIn)) {
    const read = await readText(file)
    if ('problem' in read) problems.push(read.problem)
    else texts.push({ file, text: read.text })
  }
  const of = (format: Format): TextFile[] => texts.filter(({ file }) => formatOf(file) === format)
  const configs = of('wg').flatMap((one) => readConfig(one, { ...options, problems }))
  const drafts = [
    ...(of('networkd').length === 0 ? [] : [readNetworkd(of('networkd'), { readKeyFile })]),
    ...(of('netplan').length === 0 ? [] : [readNetplan(of('netplan'), { readKeyFile })]),
    leftAlone(of('other')),
  ]
  return { configs, drafts, problems }
}

type Format = 'networkd' | 'netplan' | 'wg' | 'other'

function formatOf(file: string): Format {
  if (/\.(netdev|network)(\.d\/[^/]+\.conf)?$/.test(file)) return 'networkd'
  if (/\.ya?ml$/.test(file)) return 'netplan'
  return file === '-' || file.endsWith('.conf') || !file.endsWith('.link') ? 'wg' : 'other'
}

/** `.link` files name and tune hardware. */
function leftAlone(files: readonly TextFile[]): ImportDraft {
  const draft = new ImportDraft()
  for (const { file } of files) draft.leave(file, 'all of it')
  return draft
}

/** A folder stands for what it has of systemd-networkd and netplan, drop-ins included. */
function filesIn(path: string): string[] {
  if (path === '-' || statSync(path, { throwIfNoEntry: false })?.isDirectory() !== true) return [path]
  return readdirSync(path, { withFileTypes: true })
    .toSorted((a, b) => (a.name < b.name ? -1 : 1))
    .flatMap((entry) => {
      const full = join(path, entry.name)
      if (/\.(netdev|network)\.d$/.test(entry.name)) {
        return readdirSync(full)
          .filter((name) => name.endsWith('.conf'))
          .map((name) => join(full, name))
      }
      return /\.(netdev|network|link|ya?ml)$/.test(entry.name) ? [full] : []
    })
}

/** Keys in files of their own, as `PrivateKeyFile=` names them. */
function readKeyFile(path: string): string | undefined {
  try {
    const stat = statSync(path)
    // Reading a pipe or /dev/zero does not end.
    return stat.isFile() && stat.size <= 4096 ? readFileSync(path, 'utf8') : undefined
  } catch {
    return undefined // The caller lists it.
  }
}

interface ConfigContext extends RunImportOptions {
  readonly node: string
  readonly problems: Problem[]
}

function readConfig(
  { file, text }: TextFile,
  { node, interface: given, problems }: ConfigContext,
): FoundConfig[] {
  const parsed = parseWgConfig(text)
  problems.push(...parsed.problems.map(({ line, ...problem }) => toProblem(file, line, problem)))
  const interfaceName = given ?? (file === '-' ? undefined : basename(file).replace(/\.conf$/, ''))
  if (interfaceName !== undefined) {
    return [{ config: parsed.config, options: { node, interfaceName, ...tableOfDialect(file) } }]
  }
  problems.push(NO_NAME)
  return []
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
