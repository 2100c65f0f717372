/**
 * JSON (RFC 8259) is YAML 1.2, and it is what programs write. Reading it as what it is takes a tenth of the time,
 * which a plan of a thousand nodes feels at every change. Only text that its own value writes back, to the byte, is
 * taken: nothing in it can then mean another thing to the YAML parser, and no key is there twice.
 */

/** The value of such a text; undefined for any other, which is for the YAML parser to read and to complain about. */
export function parsePlainJson(text: string): object | undefined {
  if (!text.startsWith('{')) return undefined
  const trimmed = text.trimEnd()
  try {
    const value = JSON.parse(trimmed) as object
    return [undefined, 2].some((indent) => JSON.stringify(value, undefined, indent) === trimmed)
      ? value
      : undefined
  } catch {
    // Not JSON, or nested deeper than the stack: the YAML parser says what is wrong.
    return undefined
  }
}
