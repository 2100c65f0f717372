/**
 * The documents as data: which there are, where they link to and which anchors they offer.
 */
import { globSync, readFileSync } from 'node:fs'

export interface DocumentLink {
  readonly file: string
  readonly target: string
}

/** Every Markdown file of the repository. */
export function documents(): readonly string[] {
  return ['*.md', '{docs,bench,examples,test,scripts}/**/*.md'].flatMap((pattern) => globSync(pattern)).sort()
}

/** Links of the form [text](target), outside of code. */
export function linksOf(file: string): readonly DocumentLink[] {
  const text = withoutCode(readFileSync(file, 'utf8'))
  return [...text.matchAll(/\]\(([^)\s]+)\)/g)].map(([, target = '']) => ({ file, target }))
}

/** `src/plan/mesh.ts`, written as code: paths that a reader will look for. Patterns and placeholders are not paths. */
export function pathsNamedIn(file: string): readonly string[] {
  const text = readFileSync(file, 'utf8').replace(/^```[\s\S]*?^```/gm, '')
  const inline = [...text.matchAll(/`([^`\n]+)`/g)].map(([, code = '']) => code)
  return inline.filter((code) => /^(src|test|docs|scripts|examples|bench|bin)\/[\w./-]+$/.test(code))
}

/** GitHub's rule: lower case, punctuation gone, spaces to hyphens, a number for repetitions. */
export function anchorsOf(file: string): ReadonlySet<string> {
  const text = readFileSync(file, 'utf8').replace(/^```[\s\S]*?^```/gm, '')
  const seen = new Map<string, number>()
  const anchors = [...text.matchAll(/^#+\s+(.*)$/gm)].map(([, heading = '']) => {
    const slug = heading
      .toLowerCase()
      .replace(/[^\p{L}\p{N}\s_-]/gu, '')
      .trim()
      .replaceAll(' ', '-')
    const times = seen.get(slug) ?? 0
    seen.set(slug, times + 1)
    return times === 0 ? slug : `${slug}-${times}`
  })
  const explicit = [...text.matchAll(/<a (?:id|name)="([^"]+)"/g)].map(([, id = '']) => id)
  return new Set([...anchors, ...explicit])
}

function withoutCode(text: string): string {
  return text.replace(/^```[\s\S]*?^```/gm, '').replace(/`[^`\n]*`/g, '')
}
