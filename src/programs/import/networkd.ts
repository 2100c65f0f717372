/**
 * systemd-networkd's files → links: .netdev files make them, .network files wire and address them. A link follows the
 * first .network file, in the order of the file names, whose [Match] has its name. What a file says of a link that
 * no .netdev makes is left to networkd, but for the wiring: `VLAN=` or `Bridge=` at eth0 are facts about the other.
 */
import { ImportDraft } from './import-draft.ts'
import { addNetdev, type NetworkdOptions } from './networkd-netdev.ts'
import { applyNetwork } from './networkd-network.ts'
import { parseUnitFile, sectionsOf, type Unit, valuesOf } from './unit-file.ts'

export interface NetworkdFile {
  readonly file: string
  readonly text: string
}

export function readNetworkd(files: readonly NetworkdFile[], options: NetworkdOptions): ImportDraft {
  const draft = new ImportDraft()
  const units = unitsOf(files)
  for (const { file, problems } of units) {
    for (const { line, message } of problems) draft.leave(`${file}:${line}`, message)
  }
  for (const unit of units.filter(({ file }) => file.endsWith('.netdev')))
    addNetdev(unit, { draft, ...options })
  const networks = units.filter(({ file }) => file.endsWith('.network'))
  const used = new Set<Unit>()
  for (const link of draft.links.values()) {
    const unit = networks.find((one) => matches(one, link.name))
    // networkd brings up what it has a .network file for.
    if (unit === undefined) link.up = false
    else applyNetwork(unit, { link, name: link.name, draft })
    if (unit !== undefined) used.add(unit)
  }
  for (const unit of networks.filter((one) => !used.has(one))) applyToOthers(unit, draft)
  return draft
}

/** In the order of the names; drop-ins behind the file that they belong to. */
function unitsOf(files: readonly NetworkdFile[]): readonly Unit[] {
  const isDropIn = ({ file }: NetworkdFile): boolean => /\.(netdev|network)\.d\/[^/]+\.conf$/.test(file)
  const byName = (a: NetworkdFile, b: NetworkdFile): number => (baseName(a.file) < baseName(b.file) ? -1 : 1)
  const dropIns = files.filter(isDropIn).toSorted(byName)
  return files
    .filter((one) => !isDropIn(one))
    .toSorted(byName)
    .map(({ file, text }) => {
      const parsed = parseUnitFile(text)
      const added = dropIns.filter((one) => baseName(one.file.replace(/\.d\/[^/]+$/, '')) === baseName(file))
      const more = added.map((one) => parseUnitFile(one.text))
      return {
        file,
        sections: [...parsed.sections, ...more.flatMap(({ sections }) => sections)],
        problems: [...parsed.problems, ...more.flatMap(({ problems }) => problems)],
      }
    })
}

const baseName = (path: string): string => path.slice(path.lastIndexOf('/') + 1)

/** By name only: what else [Match] asks for, these files do not tell. */
function matches(unit: Unit, name: string): boolean {
  const entries = sectionsOf(unit, 'Match').flatMap((section) => section.entries)
  const names = valuesOf(entries, 'Name')
  if (names.length === 0 || entries.some((entry) => entry.key !== 'Name')) return false
  const words = names.flatMap(({ value }) => value.split(/\s+/))
  const isInverted = words[0]?.startsWith('!') === true
  const patterns = words.map((word) => word.replace(/^!/, ''))
  return patterns.some((pattern) => globOf(pattern).test(name)) !== isInverted
}

/** glob(7): `*`, `?`, `[a-z]`, `[!a-z]`. */
function globOf(pattern: string): RegExp {
  const source = pattern
    .replaceAll(/[.+^${}()|\\]/g, '\\$&')
    // One for many: stars in a row would be tried in every way.
    .replaceAll(/\*+/g, '.*')
    .replaceAll('?', '.')
    .replaceAll('[!', '[^')
  try {
    return new RegExp(`^${source}$`)
  } catch {
    return /^$/ // An unfinished [ matches nothing.
  }
}

/** A file for hardware, or for nothing that is known here. */
function applyToOthers(unit: Unit, draft: ImportDraft): void {
  const entries = sectionsOf(unit, 'Match').flatMap((section) => section.entries)
  const words = valuesOf(entries, 'Name').flatMap(({ value }) => value.split(/\s+/))
  const isOne =
    words.length === 1 && !/[*?[!]/.test(words[0] ?? '') && entries.every(({ key }) => key === 'Name')
  if (isOne && words[0] !== undefined && words[0] !== '') {
    applyNetwork(unit, { link: undefined, name: words[0], draft })
    return
  }
  draft.leave(unit.file, 'all of it: which links it is about is not known here')
}
