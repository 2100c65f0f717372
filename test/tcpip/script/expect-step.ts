/** `expect …` lines: what the program above the stack can see of a connection. */
import assert from 'node:assert/strict'
import type { ScriptWorld } from './script-world.ts'

type Check = (world: ScriptWorld, words: readonly string[]) => void

const COMPARISONS: Readonly<Record<string, (have: number, want: number) => boolean>> = {
  '=': (have, want) => have === want,
  '<=': (have, want) => have <= want,
  '>=': (have, want) => have >= want,
  '<': (have, want) => have < want,
  '>': (have, want) => have > want,
}

const CHECKS: Readonly<Record<string, Check>> = {
  state: ({ peer }, [want = '']) => assert.equal(plain(peer.stream?.info().tcpState ?? ''), plain(want)),
  open: ({ peer }) => assert.equal(peer.stream?.state, 'open'),
  opening: ({ peer }) => assert.equal(peer.stream?.state, 'opening'),
  closed: ({ peer }) => assert.equal(peer.stream?.state, 'closed'),
  failure: ({ peer }, [code]) => {
    assert.equal(peer.stream?.failure?.code, code === 'none' ? undefined : code)
    if (code !== 'none') assert.equal(peer.stream?.state, 'closed')
  },
  'no-stream': ({ peer }) => assert.equal(peer.stream, undefined),
  'input-ended': ({ peer }) => assert.equal(peer.stream?.inputEnded, true),
  'input-open': ({ peer }) => assert.equal(peer.stream?.inputEnded, false),
  readable: ({ peer }, [bytes]) => assert.equal(peer.stream?.readableBytes, Number(bytes), 'readable bytes'),
  pending: ({ peer }, [bytes]) => assert.equal(peer.stream?.pendingBytes, Number(bytes), 'pending bytes'),
  accepted: ({ accepted }, [count]) => assert.equal(accepted, Number(count), 'connections accepted'),
  drop: ({ lastDrop }, [reason]) => assert.equal(lastDrop ?? 'none', reason),
  progress: ({ peer }) => {
    assert.ok(peer.progressed > 0, 'onProgress was called')
    peer.progressed = 0
  },
  /** Nothing waits: no timer is left. */
  idle: ({ host }) => assert.equal(host.stack.nextDeadline(), undefined, 'a deadline is left'),
  'no-pages': ({ pool }) => assert.equal(pool.usedBytes, 0, 'bytes of pages in use'),
  timer: ({ host }) => assert.notEqual(host.stack.nextDeadline(), undefined, 'no deadline'),
  info: ({ peer }, [name = '', comparison = '=', want = '0']) => {
    const info = peer.stream?.info() as unknown as Record<string, number>
    const have = info[name] ?? Number.NaN
    assert.ok(COMPARISONS[comparison]?.(have, Number(want)), `${name} is ${have}`)
  },
}

export function expectStep(world: ScriptWorld, [name = '', ...words]: readonly string[]): void {
  const check = CHECKS[name]
  if (check === undefined) throw new Error(`no such expectation: ${name}`)
  check(world, words)
}

/** ESTABLISHED, established, SYN-SENT and synSent are the same words. */
function plain(state: string): string {
  return state.toLowerCase().replaceAll(/[^a-z0-9]/g, '')
}
