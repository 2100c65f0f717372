/**
 * What routers, or black holes, have taught us about paths (RFC 1191, RFC 8201): for each remote address the largest
 * packet that arrives there. Forgotten after ten minutes, so that a path that grew is noticed (§6.3 of the former).
 */
import { formatAddress } from '../../addresses/index.ts'

export const PATH_MTU_AGE_MS = 600_000
export const MAX_PATHS = 1_024
/** RFC 791 §3.2: every link carries as much, and less would hold no fragment. */
const MIN_LINK_MTU = 68
/** RFC 1191 §3 allows less, but who says less wants us to send tiny packets. */
export const MIN_IPV4_MTU = 576
/** RFC 8200 §5. */
export const MIN_IPV6_MTU = 1_280
/** RFC 1191 §7.1: where links are, for routers that do not say. */
const PLATEAUS: readonly number[] = [32_000, 17_914, 8_166, 4_352, 2_002, 1_492, 1_006, 576]

interface Path {
  readonly mtuBytes: number
  readonly until: number
}

export class PathMtus {
  readonly #paths = new Map<string, Path>()
  #linkMtuBytes = 0

  constructor(linkMtuBytes: number) {
    this.linkMtuBytes = linkMtuBytes
  }

  get linkMtuBytes(): number {
    return this.#linkMtuBytes
  }

  set linkMtuBytes(mtuBytes: number) {
    this.#linkMtuBytes = Math.max(mtuBytes, MIN_LINK_MTU)
  }

  get(remote: Uint8Array, nowMs: number): number {
    if (this.#paths.size === 0) return this.linkMtuBytes
    const key = formatAddress(remote)
    const path = this.#paths.get(key)
    if (path === undefined) return this.linkMtuBytes
    if (path.until > nowMs) return Math.min(path.mtuBytes, this.linkMtuBytes)
    this.#paths.delete(key)
    return this.linkMtuBytes
  }

  /** Never raises it. 0: the next plateau below what it is. Whether it is lower now. */
  lower(remote: Uint8Array, mtuBytes: number, nowMs: number): boolean {
    const known = this.get(remote, nowMs)
    const said = mtuBytes > 0 ? mtuBytes : (PLATEAUS.find((plateau) => plateau < known) ?? 0)
    const bounded = Math.max(said, remote.length === 4 ? MIN_IPV4_MTU : MIN_IPV6_MTU)
    if (bounded >= known) return false
    const key = formatAddress(remote)
    this.#paths.delete(key)
    for (const oldest of this.#paths.keys()) {
      if (this.#paths.size < MAX_PATHS) break
      this.#paths.delete(oldest)
    }
    this.#paths.set(key, { mtuBytes: bounded, until: nowMs + PATH_MTU_AGE_MS })
    return true
  }
}
