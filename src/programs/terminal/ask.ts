/** A question that a person answers with y. Without a person there is nobody to ask, and the caller decides. */
import { createInterface } from 'node:readline/promises'

import { standardError } from './terminal.ts'

export async function confirms(question: string): Promise<boolean> {
  const lines = createInterface({ input: process.stdin, output: process.stderr })
  try {
    return /^y(?:es)?$/i.test((await lines.question(`${question} [y/N] `)).trim())
  } catch {
    // Ctrl-C or Ctrl-D at a question is a no.
    standardError().write('\n')
    return false
  } finally {
    lines.close()
  }
}
