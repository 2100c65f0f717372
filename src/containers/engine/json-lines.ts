/**
 * Newline-separated JSON from a stream, one line at a time. A line that is too long ends the stream: who sends such
 * lines is not the runtime that we think it is.
 */

export class LineTooLong extends Error {
  readonly code = 'LINE_TOO_LONG'
}

/** Yields every whole line that is JSON; others are left out. `limitBytes` counts UTF-16 units. */
export async function* jsonLines(
  chunks: AsyncIterable<string>,
  { limitBytes }: { readonly limitBytes: number },
): AsyncGenerator<unknown> {
  let rest = ''
  for await (const chunk of chunks) {
    const lines = (rest + chunk).split('\n')
    rest = lines.pop() ?? ''
    if (rest.length > limitBytes || lines.some((line) => line.length > limitBytes))
      throw new LineTooLong(`a line of more than ${limitBytes} bytes`)
    for (const line of lines) {
      const value = parseJson(line)
      if (value !== undefined) yield value
    }
  }
}

/** Undefined: not JSON. */
export const parseJson = (text: string): unknown => {
  try {
    return JSON.parse(text) as unknown
  } catch {
    return undefined // Said by a stranger: not a failure of ours.
  }
}
