/**
 * Ids of containers, whole or shortened. Runtimes take any beginning of an id for the id, and where there is no
 * container `db` would answer with one whose id begins so: the interface would be moved to a stranger.
 */

/** As many as the runtimes' own lists show. */
const SHORTEST = 12

export const isMeantBy = (asked: string, id: string): boolean =>
  asked === id || (asked.length >= SHORTEST && id.startsWith(asked))
