/**
 * The search for the largest packet that arrives (RFC 4821 and RFC 8899 in spirit): a range in which the answer
 * lies, a handful of sizes to send at once, and the smaller range that their answers leave. A size is lost only
 * when it stayed unanswered as often as the caller tries; smaller ones that were answered prove the path works.
 */

/** `arrives` did arrive; nothing larger than `most` is asked for. */
export interface SizeRange {
  readonly arrives: number
  readonly most: number
}

/** Differences below this are not worth packets: WireGuard pads to 16 bytes. */
export const RESOLUTION_BYTES = 4
const SIZES_AT_ONCE = 8

export const isFound = ({ arrives, most }: SizeRange): boolean => most - arrives < RESOLUTION_BYTES

/** Ascending, evenly spread, the largest among them: one round is enough where nothing is in the way. */
export const sizesToTry = ({ arrives, most }: SizeRange): readonly number[] => {
  const count = Math.min(SIZES_AT_ONCE, Math.max(0, Math.ceil((most - arrives) / RESOLUTION_BYTES)))
  const sizes = Array.from(
    { length: count },
    (_, i) => arrives + Math.round(((most - arrives) * (i + 1)) / count),
  )
  return [...new Set(sizes)]
}

/** Sizes may be answered with gaps when packets are lost; the largest answered counts. */
export const narrowed = (
  range: SizeRange,
  tried: readonly number[],
  answered: ReadonlySet<number>,
): SizeRange => {
  const arrives = Math.max(range.arrives, ...tried.filter((size) => answered.has(size)))
  const lost = tried.filter((size) => size > arrives)
  return { arrives, most: lost.length === 0 ? range.most : Math.max(arrives, Math.min(...lost) - 1) }
}
