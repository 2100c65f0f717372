/**
 * How old handshakes are, whoever sets the clock meanwhile. Devices stamp them with the time of day; the first time
 * a stamp is seen it is turned into an age, and from then on it ages with the time since boot.
 */
import type { ObservedPeer } from '../model/index.ts'
import type { Clock } from './clock.ts'

/** The time since boot comes in seconds. */
const TOLERANCE_MS = 5_000

interface Seen {
  readonly stampMs: number
  readonly bornBootMs: number
}

export class HandshakeAges {
  readonly #clock: Clock
  readonly #seen = new Map<string, Seen>()
  #bootMs = 0
  #wallMs = 0

  constructor(clock: Clock) {
    this.#clock = clock
    this.look()
  }

  /** Reads the clocks: once for all peers, because asking for the time since boot is not free. */
  look(): void {
    this.#bootMs = this.#clock.bootMs()
    this.#wallMs = this.#clock.wallMs()
  }

  /** The peer with its handshake on the clock as it stands now. `id`: `peerId`. */
  aged(id: string, peer: ObservedPeer): ObservedPeer {
    const { lastHandshakeMs } = peer
    if (lastHandshakeMs === undefined) return peer
    const [bootMs, wallMs] = [this.#bootMs, this.#wallMs]
    const known = this.#seen.get(id)
    // A stamp from the future is one from before the clock was set back.
    const bornBootMs =
      known?.stampMs === lastHandshakeMs ? known.bornBootMs : bootMs - Math.max(0, wallMs - lastHandshakeMs)
    if (known?.stampMs !== lastHandshakeMs) this.#seen.set(id, { stampMs: lastHandshakeMs, bornBootMs })
    const stampMs = wallMs - (bootMs - bornBootMs)
    return Math.abs(stampMs - lastHandshakeMs) < TOLERANCE_MS ? peer : { ...peer, lastHandshakeMs: stampMs }
  }

  forget(isPlanned: (id: string) => boolean): void {
    for (const id of this.#seen.keys()) if (!isPlanned(id)) this.#seen.delete(id)
  }
}
