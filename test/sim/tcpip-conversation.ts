/** Two programs, a connection between them and the path: run until both are done, and judged. */
import assert from 'node:assert/strict'
import type { StackLimits, TcpSettings } from '../../src/protocols/tcpip/index.ts'
import { PagePool } from '../../src/streams/index.ts'
import { ADDRESSES, ADDRESSES6, SimPath, type PathWeather } from './tcpip-path.ts'
import { Talker, type TalkerOptions } from './tcpip-talker.ts'
import { ConnectionWatch } from './tcpip-watch.ts'

export interface ConversationOptions {
  readonly seed: number
  readonly family?: 4 | 6
  readonly startMs?: number
  readonly there: PathWeather
  readonly back?: PathWeather
  readonly caller?: Partial<TalkerOptions>
  readonly listener?: Partial<TalkerOptions>
  readonly tcp?: Partial<TcpSettings>
  readonly limits?: Partial<StackLimits>
  /** Of each end. */
  readonly poolBytes?: number
  /** Slow readers read that often. */
  readonly wakeEveryMs?: number
  /** Turned off where only time is of interest: it looks into every packet. */
  readonly watched?: boolean
}

export const PORT = 80
const POOL_BYTES = 16 * 1024 * 1024
const SALTS = { left: 3, right: 5 } as const

export class Conversation {
  readonly path: SimPath
  readonly caller: Talker
  readonly listener: Talker
  readonly watch = new ConnectionWatch(SALTS)
  readonly pools = {
    left: new PagePool({ maxBytes: POOL_BYTES }),
    right: new PagePool({ maxBytes: POOL_BYTES }),
  }
  readonly #wakeEveryMs: number

  constructor({
    seed,
    startMs = 1_000,
    there,
    back = there,
    tcp = {},
    limits = {},
    ...rest
  }: ConversationOptions) {
    const { watched = true, wakeEveryMs = 50, poolBytes: maxBytes = POOL_BYTES, family = 4 } = rest
    this.pools = { left: new PagePool({ maxBytes }), right: new PagePool({ maxBytes }) }
    this.#wakeEveryMs = wakeEveryMs
    this.path = new SimPath({
      ...{ seed, startMs, there, back },
      left: { tcp, limits, pool: this.pools.left },
      right: { tcp, limits, pool: this.pools.right },
      ...(watched ? { onPacket: (from, packet) => this.watch.see(from, packet) } : {}),
    })
    this.caller = new Talker({ ...rest.caller, salt: SALTS.left, peerSalt: SALTS.right })
    this.listener = new Talker({ ...rest.listener, salt: SALTS.right, peerSalt: SALTS.left })
    this.path.right.stack.listen({ port: PORT, onConnection: (stream) => this.listener.take(stream) })
    const address = (family === 4 ? ADDRESSES : ADDRESSES6).right
    this.caller.take(this.path.left.stack.connect({ address, port: PORT }))
    this.path.left.turn()
  }

  /** True: `done` came true within that time. */
  run(durationMs: number, done: () => boolean): boolean {
    const end = this.path.nowMs + durationMs
    while (this.path.nowMs < end) {
      if (this.path.run(Math.min(this.#wakeEveryMs, end - this.path.nowMs), done)) return true
      this.caller.wake()
      this.listener.wake()
      this.path.left.turn()
      this.path.right.turn()
    }
    return done()
  }

  /** Both closed without failure, with all bytes, within that time. */
  runToTheEnd(durationMs: number): void {
    this.run(durationMs, () => this.caller.finished && this.listener.finished)
    assert.deepEqual(this.describe(), { caller: 'closed', listener: 'closed' })
    assert.equal(this.caller.read, this.listener.written, 'everything that the listener said arrived')
    assert.equal(this.listener.read, this.caller.written, 'everything that the caller said arrived')
  }

  /** Whatever happened: after this long nothing is left of it. */
  assertNothingLeft(afterMs: number): void {
    this.path.run(afterMs)
    // Whoever owns a stream that failed reads what is left, or lets it go.
    for (const { stream } of [this.caller, this.listener]) stream?.destroy()
    for (const side of ['left', 'right'] as const) {
      assert.equal(this.path[side].stack.nextDeadline(), undefined, `no timer is left at the ${side}`)
      assert.equal(this.pools[side].usedBytes, 0, `no page is left at the ${side}`)
    }
  }

  describe(): { caller: string; listener: string } {
    const say = ({ stream, read, written }: Talker): string => {
      if (stream?.state === 'closed' && stream.failure === undefined) return 'closed'
      return `${stream?.info().tcpState ?? 'none'} ${stream?.failure?.code ?? ''} read ${read}, wrote ${written}`
    }
    return { caller: say(this.caller), listener: say(this.listener) }
  }
}
