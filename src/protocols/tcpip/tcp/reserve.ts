/**
 * Memory is one pool for both directions of all connections. When little is left, what moves things on comes first:
 *
 *   free above the reserve        everybody
 *   up to the reserve             what arrives in order; of what is to be sent, a little where nothing waits yet
 *   the last page                 of what arrives, too, a little where nothing waits yet
 *
 * Otherwise two ends that only write stand still for ever, and so do echoes, and holes that nothing can fill.
 */
import { PAGE_BYTES, type PagePool } from '../../../streams/index.ts'

const RESERVED_SHARE = 1 / 8
/** Whoever is above the reserve by a byte may take a whole page of it. */
const LEAST_RESERVE_BYTES = 2 * PAGE_BYTES

export function reserveOf(pool: PagePool): number {
  return Math.max(LEAST_RESERVE_BYTES, (pool.freeBytes + pool.usedBytes) * RESERVED_SHARE)
}
