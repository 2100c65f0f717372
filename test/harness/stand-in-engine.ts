/** Until sockets/ is there. */
import { Reactor } from '../../src/linux/index.ts'
import type { TunnelEngine } from '../../src/tunnel/index.ts'

export function openEngine({ kind }: { kind: 'native' | 'plain' }): TunnelEngine & { close(): void } {
  const start = performance.now()
  const nowMs = () => Math.floor(performance.now() - start)
  const reactor = kind === 'native' ? new Reactor() : undefined
  const ends: (() => void)[] = []
  const flush = () => {
    for (let next = ends.shift(); next !== undefined; next = ends.shift()) next()
  }
  const turns = reactor ?? {
    atEndOfTurn: (run: () => void) => {
      if (ends.push(run) === 1) setImmediate(flush)
    },
  }
  const after = (ms: number, run: () => void) => {
    const timer = setTimeout(reactor === undefined ? run : () => reactor.turn(run), ms)
    return { close: () => clearTimeout(timer) }
  }
  return { kind, turns, nowMs, after, reactor, close: () => reactor?.close() }
}
