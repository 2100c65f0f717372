/**
 * A command line → arguments, as a shell would split it (POSIX XCU 2.2: blanks, quotes and backslashes), but
 * without a shell: nothing is expanded, so a node's name can never become a command. Pure.
 */

export type Split = { readonly words: readonly string[] } | { readonly message: string }

/** Inside double quotes a backslash only escapes these (XCU 2.2.3); others it stays in front of. */
const ESCAPABLE = '$`"\\\n'

export function splitCommand(text: string): Split {
  const words: string[] = []
  let word: string | undefined
  let quote = ''
  for (let at = 0; at < text.length; at += 1) {
    const character = text.charAt(at)
    const next = text.charAt(at + 1)
    if (character === '\\' && quote !== "'") {
      if (next === '') return { message: 'a backslash at the end' }
      const kept = quote === '"' && !ESCAPABLE.includes(next) ? character : ''
      word = (word ?? '') + kept + next
      at += 1
    } else if (quote !== '') {
      if (character === quote) quote = ''
      else word = (word ?? '') + character
    } else if (character === "'" || character === '"') {
      quote = character
      word ??= ''
    } else if (/\s/.test(character)) {
      if (word !== undefined) words.push(word)
      word = undefined
    } else {
      word = (word ?? '') + character
    }
  }
  if (quote !== '') return { message: `a ${quote} that is not closed` }
  if (word !== undefined) words.push(word)
  return words.length === 0 ? { message: 'an empty command' } : { words }
}
