/**
 * The syntax of systemd's configuration files, as systemd.syntax(7) has it: sections, which may repeat, of `Key=value`
 * lines; a backslash at the end of a line joins the next one to it, and comments in between do not count; a line
 * that begins with `#` or `;` is a comment. Pure; nothing is thrown.
 */
export interface UnitFile {
  readonly sections: readonly UnitSection[]
  readonly problems: readonly UnitProblem[]
}

export interface UnitSection {
  readonly name: string
  readonly line: number
  readonly entries: readonly UnitEntry[]
}

export interface UnitEntry {
  readonly key: string
  /** Without the white space around it. Empty: what was said before of this key is taken back. */
  readonly value: string
  readonly line: number
}

/** The text itself is not repeated: a line may hold a key. */
export interface UnitProblem {
  readonly line: number
  readonly message: string
}

export function parseUnitFile(text: string): UnitFile {
  const sections: { name: string; line: number; entries: UnitEntry[] }[] = []
  const problems: UnitProblem[] = []
  for (const { content, line } of logicalLines(text)) {
    if (content.startsWith('[')) {
      if (content.endsWith(']')) sections.push({ name: content.slice(1, -1), line, entries: [] })
      else problems.push({ line, message: 'the name of a section does not end in ]' })
      continue
    }
    const equals = content.indexOf('=')
    const key = content.slice(0, Math.max(0, equals)).trim()
    const section = sections.at(-1)
    if (equals < 0 || key === '') problems.push({ line, message: 'this is neither a section nor Key=value' })
    else if (section === undefined) problems.push({ line, message: 'this stands before the first section' })
    else section.entries.push({ key, value: content.slice(equals + 1).trim(), line })
  }
  return { sections, problems }
}

interface LogicalLine {
  readonly content: string
  /** Where it begins, from 1. */
  readonly line: number
}

/** Without comments and empty lines; continued ones in one piece. */
function* logicalLines(text: string): Generator<LogicalLine> {
  let begun: { parts: string[]; line: number } | undefined
  for (const [index, raw] of text
    .replace(/^\uFEFF/, '')
    .split(/\r\n|\r|\n/)
    .entries()) {
    const trimmed = raw.trimStart()
    if (trimmed.startsWith('#') || trimmed.startsWith(';')) continue
    const continues = raw.endsWith('\\')
    const part = continues ? raw.slice(0, -1) : raw
    if (begun === undefined) begun = { parts: [part], line: index + 1 }
    else begun.parts.push(part)
    if (continues) continue
    const content = begun.parts.join(' ').trim()
    if (content !== '') yield { content, line: begun.line }
    begun = undefined
  }
  const rest = begun?.parts.join(' ').trim() ?? ''
  if (begun !== undefined && rest !== '') yield { content: rest, line: begun.line }
}

/** A file with its name. */
export interface Unit extends UnitFile {
  readonly file: string
}

export const sectionsOf = ({ sections }: UnitFile, name: string): readonly UnitSection[] =>
  sections.filter((section) => section.name === name)

/** Entries of one key that count: those after the last empty one. */
export function valuesOf(entries: readonly UnitEntry[], key: string): readonly UnitEntry[] {
  const own = entries.filter((entry) => entry.key === key)
  return own.slice(own.findLastIndex(({ value }) => value === '') + 1)
}
