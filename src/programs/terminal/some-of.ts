/** The names in a message: all of a few, or the first of many and how many more. */

const MOST = 8

export function someOf(names: readonly string[]): string {
  const rest = names.length - MOST
  return rest > 0 ? `${names.slice(0, MOST).join(', ')} and ${rest} more` : names.join(', ')
}

/** Each name once. */
export function someNodes(found: readonly { readonly node: string }[]): string {
  return someOf([...new Set(found.map(({ node }) => node))])
}
