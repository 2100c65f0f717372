/**
 * YAML text → plain values with places. Bounded: the size of the text, the expansion of aliases and the number
 * of problems. Nothing is thrown for any text.
 */
import {
  type Document,
  isMap,
  isNode,
  isScalar,
  isSeq,
  LineCounter,
  type Pair,
  parseAllDocuments,
  type YAMLError,
  type YAMLMap,
} from 'yaml'
import { parsePlainJson } from './json-text.ts'
import type { Problem } from './problem.ts'
import type { FieldPath, Locate } from './source-of.ts'

export const MAX_TEXT_LENGTH = 16 * 1024 * 1024
/** The parser keeps about a kilobyte for each item; a plan of ten thousand nodes has about a hundred thousand. */
const MAX_ITEMS = 400_000
const MAX_ALIASES = 100
const MAX_PROBLEMS = 100

export interface YamlDocument {
  readonly value: unknown
  readonly locate: Locate
}

export function readYaml(
  text: string,
  file: string,
): { readonly documents: readonly YamlDocument[]; readonly problems: readonly Problem[] } {
  const refusal = refuse(text, file)
  if (refusal !== undefined) return { documents: [], problems: [refusal] }
  const value = parsePlainJson(text)
  if (value === undefined) return readAsYaml(text, file)
  // Places are asked for only when something is wrong; then it is read once more.
  let yaml: ReturnType<typeof readAsYaml> | undefined
  const locate: Locate = (path) => {
    yaml ??= readAsYaml(text, file)
    return yaml.documents[0]?.locate(path) ?? { file, line: 1, column: 1 }
  }
  return { documents: [{ value, locate }], problems: [] }
}

function readAsYaml(
  text: string,
  file: string,
): { readonly documents: readonly YamlDocument[]; readonly problems: readonly Problem[] } {
  const lines = new LineCounter()
  try {
    const parsed = parseAllDocuments(text, {
      lineCounter: lines,
      prettyErrors: false,
      // It compares each key with every other: see duplicateKeys.
      uniqueKeys: false,
      strict: true,
      // By itself the parser would warn on stderr, with a piece of the text.
      logLevel: 'error',
    }) as Document.Parsed[]
    const problems = parsed.flatMap((document) => [
      ...syntaxProblems(document, { file, lines }),
      ...duplicateKeys(document, { file, lines }),
    ])
    if (problems.length > 0) return { documents: [], problems: atMost(problems, file) }
    return valuesOf(parsed, { file, lines })
  } catch (error) {
    // The parser recurses once per level of nesting.
    if (error instanceof RangeError) return { documents: [], problems: [invalid(file, 'nested too deeply')] }
    throw error
  }
}

function refuse(text: string, file: string): Problem | undefined {
  if (text.length > MAX_TEXT_LENGTH) {
    const message = `the text has ${text.length} characters; at most ${MAX_TEXT_LENGTH} are read`
    return { code: 'FileTooLarge', path: file, message, hint: 'Split it over several files.' }
  }
  const items = countItems(text)
  if (items > MAX_ITEMS) {
    const message = `the text has about ${items} items; at most ${MAX_ITEMS} are read`
    return { code: 'FileTooLarge', path: file, message, hint: 'Split it over several files.' }
  }
  const nul = text.indexOf('\0')
  if (nul < 0) return undefined
  const before = text.slice(0, nul).split('\n')
  return {
    ...invalid(file, 'the text contains a NUL byte'),
    hint: 'Check that it is a text file in UTF-8.',
    at: { file, line: before.length, column: (before.at(-1)?.length ?? 0) + 1 },
  }
}

/** An estimate from above: lines, list items and fields each begin with one of these. */
function countItems(text: string): number {
  let count = 0
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at)
    // LF , : [ {
    if (code === 10 || code === 44 || code === 58 || code === 91 || code === 123) count++
  }
  return count
}

const invalid = (file: string, message: string): Problem => ({ code: 'InvalidYaml', path: file, message })

/** All problems up to a hundred, and then how many more there are. */
export function atMost(problems: readonly Problem[], path: string): readonly Problem[] {
  if (problems.length <= MAX_PROBLEMS) return problems
  const message = `${problems.length - MAX_PROBLEMS} more problems are not shown`
  return [...problems.slice(0, MAX_PROBLEMS), { code: 'TooManyProblems', path, message }]
}

interface Origin {
  readonly file: string
  readonly lines: LineCounter
}

function syntaxProblems(document: Document.Parsed, origin: Origin): Problem[] {
  return [...document.errors, ...document.warnings].map((error: YAMLError) => ({
    ...invalid(origin.file, withoutContent(error)),
    at: placeAt(origin, error.pos[0]),
  }))
}

/** By the parser's own notion of equal (scalars of one type and value), in linear time. */
function duplicateKeys(document: Document.Parsed, origin: Origin): Problem[] {
  const problems: Problem[] = []
  const waiting: unknown[] = [document.contents]
  while (waiting.length > 0) {
    const node = waiting.pop()
    if (isSeq(node)) for (const item of node.items) waiting.push(item)
    if (!isMap(node)) continue
    const seen = new Set<unknown>()
    for (const { key, value } of node.items) {
      waiting.push(key, value)
      if (!isScalar(key)) continue
      if (seen.has(key.value)) {
        const at = placeAt(origin, startOf(key) ?? 0)
        problems.push({
          ...invalid(origin.file, 'Map keys must be unique'),
          hint: 'Keep one of the two.',
          at,
        })
      }
      seen.add(key.value)
    }
  }
  return problems
}

/** The parser's words, without what it quotes from the text: that could be half a key. */
function withoutContent(error: YAMLError): string {
  const message = (error.message.split('\n', 1)[0] ?? '').replace(
    'Maximum call stack size exceeded',
    'nested too deeply',
  )
  const quoting = ['UNEXPECTED_TOKEN', 'BAD_SCALAR_START', 'TAG_RESOLVE_FAILED', 'BAD_ALIAS'].includes(
    error.code,
  )
  return quoting ? message.replace(/:.*$/, '') : message
}

function placeAt({ file, lines }: Origin, offset: number): NonNullable<Problem['at']> {
  const { line, col } = lines.linePos(offset)
  return { file, line: Math.max(1, line), column: Math.max(1, col) }
}

function valuesOf(
  parsed: readonly Document.Parsed[],
  origin: Origin,
): { documents: YamlDocument[]; problems: Problem[] } {
  const documents: YamlDocument[] = []
  const problems: Problem[] = []
  for (const document of parsed) {
    if (document.contents === null) continue
    const locate: Locate = (path) => placeAt(origin, offsetOf(document, path))
    try {
      const value: unknown = document.toJS({ maxAliasCount: MAX_ALIASES })
      if (value !== null) documents.push({ value, locate })
    } catch (error) {
      if (!(error instanceof ReferenceError)) throw error
      const message = 'aliases expand to too much, or to nothing'
      problems.push({ ...invalid(origin.file, message), hint: 'Write the values out.', at: locate([]) })
    }
  }
  return { documents, problems }
}

/** By name, remembered: a map with many mistakes is asked for each of them. */
function pairsOf(map: YAMLMap): ReadonlyMap<string, Pair> {
  const known = PAIRS.get(map)
  if (known !== undefined) return known
  const pairs = new Map<string, Pair>()
  for (const item of map.items) {
    const name = isScalar(item.key) ? String(item.key.value) : ''
    if (!pairs.has(name)) pairs.set(name, item)
  }
  PAIRS.set(map, pairs)
  return pairs
}

const PAIRS = new WeakMap<YAMLMap, ReadonlyMap<string, Pair>>()

/** The offset of the key of a field, of an item, or of the nearest thing around it. */
function offsetOf(document: Document.Parsed, path: FieldPath): number {
  let node: unknown = document.contents
  let offset = startOf(node) ?? 0
  for (const part of path) {
    if (isMap(node)) {
      const pair = pairsOf(node).get(String(part))
      if (pair === undefined) return offset
      offset = startOf(pair.key) ?? offset
      node = pair.value
    } else if (isSeq(node)) {
      node = node.items[Number(part)]
      offset = startOf(node) ?? offset
    } else return offset
  }
  return offset
}

const startOf = (node: unknown): number | undefined => (isNode(node) ? node.range?.[0] : undefined)
