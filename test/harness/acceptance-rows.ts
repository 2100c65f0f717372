/**
 * docs/acceptance.md as data. A row is a heading `### GC-02 …` with its claim; its evidence is a list of
 *
 *   - `test/file.test.ts`: `name of the test`
 *
 * where the name is the test's own, or `suite > test` where the own name is not enough.
 */
export interface Evidence {
  readonly file: string
  readonly name: string
}

export interface AcceptanceRow {
  readonly id: string
  readonly evidence: readonly Evidence[]
}

export function parseAcceptanceRows(text: string): readonly AcceptanceRow[] {
  const sections = text.split(/^### /m).slice(1)
  return sections.map((section) => {
    const items = [...section.matchAll(/^- `([^`]+)`:\s+`([^`]+)`/gm)]
    const evidence = items.map(([, file = '', name = '']) => ({ file, name }))
    return { id: /^[A-Z]{2}-\d{2}/.exec(section)?.[0] ?? '', evidence }
  })
}
