/**
 * Whether a direct path between two peers is used or withdrawn in favour of a relay's wider prefix. Cryptokey
 * routing makes this a joint decision: while B still lists A's address on the direct peer, B drops what a relay
 * forwards from A, so a path that is down has to be withdrawn by *both* ends. Nobody tells the other; instead
 * an end that hears nothing goes silent, so that the other soon hears nothing either. K is the keepalive,
 * bound = 2K + 5 s; an end is silent for bound + 12 s, because the other looks every 5 s and must have noticed
 * before it hears anything again, be it only the first message of a handshake.
 *
 *   end A   probing ──handshake──▶ installed ──nothing received for `bound`──▶ silent ──bound + 12 s──▶ …
 *           peer without            peer with its                             no peer at all:
 *           allowed IPs,            allowed IPs                               sends nothing,
 *           keepalive on                                                      answers nothing
 *
 *   path    ══════════════════════════╳ breaks A→B only                    ╳ healed ═══════════════════
 *   A       installed ······ hears B ··········· B went silent ┤ silent ┄┄┄┄┄┄┄┄┤ probing ┤ installed
 *   B       installed ·········┤ silent ┄┄┄┄┄┄┄┄┄┄┤ probing (no handshake: A is silent) ···┤ installed
 *                      ≤ bound  └ at most `bound` + 10 s later A has noticed too
 *
 * Silence means removing the peer, so the handshake seen while probing is always a new one, and a handshake
 * proves both directions. A last guard: no handshake for 180 s + K + 10 s withdraws as well, whatever arrives.
 */
import type { ObservedPeer } from '../model/index.ts'

export type PathPhase = 'probing' | 'installed' | 'silent'

/** `sinceMs` and `receivedAtMs` are on the monotonic clock. */
export interface PathState {
  readonly phase: PathPhase
  readonly sinceMs: number
  readonly receivedAtMs: number
  readonly rxBytes: number
}

export interface PathSample {
  /** Monotonic. */
  readonly nowMs: number
  /** Since the epoch: handshakes are stamped with it. */
  readonly wallMs: number
  /** Undefined: the peer is not on the device. */
  readonly peer: ObservedPeer | undefined
  /** 0 counts as 25. */
  readonly keepaliveSeconds: number
}

const REJECT_AFTER_TIME_MS = 180_000
const SLACK_MS = 5_000
const SAMPLE_MS = 5_000
/** The other end's last news may be a sample old when it sees it, and so may its silence. */
const NOTICED_MS = 2 * SAMPLE_MS + 2_000
const DEFAULT_KEEPALIVE_SECONDS = 25

const keepaliveMs = (s: PathSample): number => (s.keepaliveSeconds || DEFAULT_KEEPALIVE_SECONDS) * 1000
const boundMs = (s: PathSample): number => 2 * keepaliveMs(s) + SLACK_MS

const handshakeIsFresh = (s: PathSample): boolean =>
  s.peer?.lastHandshakeMs !== undefined &&
  s.wallMs - s.peer.lastHandshakeMs < REJECT_AFTER_TIME_MS + keepaliveMs(s) + 2 * SLACK_MS

const enter = (phase: PathPhase, s: PathSample): PathState => ({
  phase,
  sinceMs: s.nowMs,
  receivedAtMs: s.nowMs,
  rxBytes: s.peer?.rxBytes ?? 0,
})

/** The first look at a peer: a path that an earlier agent left installed and alive stays so. */
export const initialPath = (s: PathSample): PathState =>
  enter(
    s.peer !== undefined && s.peer.allowedIPs.length > 0 && handshakeIsFresh(s) ? 'installed' : 'probing',
    s,
  )

export const directPath = (state: PathState, s: PathSample): PathState => {
  switch (state.phase) {
    case 'probing':
      return handshakeIsFresh(s) ? enter('installed', s) : state
    case 'silent':
      return s.nowMs - state.sinceMs > boundMs(s) + NOTICED_MS ? enter('probing', s) : state
    case 'installed': {
      // A device that restarted counts from zero again: any change is news.
      const rxBytes = s.peer?.rxBytes ?? state.rxBytes
      const heard = rxBytes !== state.rxBytes
      const receivedAtMs = heard ? s.nowMs : state.receivedAtMs
      if (s.nowMs - receivedAtMs > boundMs(s)) return enter('silent', s)
      const proven = s.peer === undefined || handshakeIsFresh(s) || s.nowMs - state.sinceMs < boundMs(s)
      if (!proven) return enter('silent', s)
      return heard ? { ...state, rxBytes, receivedAtMs } : state
    }
  }
}

/** How long until the next look: often while a handshake may come any moment, seldom afterwards. */
export const nextPathSampleMs = (state: PathState, nowMs: number): number => {
  if (state.phase !== 'probing') return SAMPLE_MS
  return nowMs - state.sinceMs < 15_000 ? 250 : 2_000
}
