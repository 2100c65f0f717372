/**
 * A parser that remembers what it parsed. Planning meets the same few thousand texts again and again, within one
 * plan and from one plan to the next. Two generations bound it: when the young one is full it becomes the old one.
 */
const GENERATION = 16_384

export function remember<T extends object>(
  parse: (text: string) => T | undefined,
): (text: string) => T | undefined {
  let young = new Map<string, T>()
  let old = new Map<string, T>()
  return (text) => {
    const known = young.get(text)
    if (known !== undefined) return known
    const parsed = old.get(text) ?? parse(text)
    if (parsed === undefined) return undefined
    if (young.size >= GENERATION) {
      old = young
      young = new Map()
    }
    young.set(text, parsed)
    return parsed
  }
}
