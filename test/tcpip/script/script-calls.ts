/** Lines without a sign: what the program above the stack does, what it sees, and how the scenario begins. */
import assert from 'node:assert/strict'
import { expectStep } from './expect-step.ts'
import { givenStep, winOverWrap } from './given-step.ts'
import { injectSegment } from './inject-segment.ts'
import { connect, listen, parseSettings } from './open-connection.ts'
import { parseSegment } from './segment-pattern.ts'
import type { ScriptWorld } from './script-world.ts'

type Call = (world: ScriptWorld, words: readonly string[]) => void

const CALLS: Readonly<Record<string, Call>> = {
  // How it begins.
  settings: (world, words) => void (world.settings = { ...world.settings, ...parseSettings(words) }),
  limits: (world, words) => void (world.limits = { ...world.limits, ...parseSettings(words) }),
  family: (world, [family]) => void (world.family = family === '6' ? 6 : 4),
  mtu: (world, [mtu]) => setMtu(world, Number(mtu)),
  clock: (world, [ms]) => void (world.startMs = Number(ms)),
  'sequence-near-wrap': (world, [bytes]) => winOverWrap(world, Number(bytes)),
  connection: (world, [name = 'a', ...words]) => void world.choose(name, portsOf(words)),
  isn: (world, [number]) => void (world.peer.irs = Number(number)),
  given: givenStep,
  // What the program does.
  connect: (world, words) => connect(world, parseSettings(words)),
  listen: (world, words) => listen(world, words),
  'close-listener': (world) => world.listener?.close(),
  write: (world, [length = '0', takes, taken]) => {
    const count = world.peer.write(Number(length))
    assert.equal(count, takes === 'takes' ? Number(taken) : Number(length), 'bytes taken')
  },
  read: (world, [length = 'all']) => {
    const count = world.peer.read(length === 'all' ? Number.POSITIVE_INFINITY : Number(length))
    if (length !== 'all') assert.equal(count, Number(length), 'bytes read')
  },
  'read-along': (world, [length = '0']) => readAlong(world, Number(length)),
  end: (world) => world.peer.stream?.end(),
  destroy: (world) => world.peer.stream?.destroy(),
  set: (world, words) => world.peer.stream?.set(parseSettings(words)),
  flush: (world) => void (world.unseen.length = 0),
  wait: () => {},
  expect: expectStep,
}

/** After it, the turn ends: the stack says what it has to say. */
export function callStep(world: ScriptWorld, [name = '', ...words]: readonly string[]): void {
  const call = CALLS[name]
  if (call === undefined) throw new Error(`no such call: ${name}`)
  call(world, words)
  if (!BEFORE.has(name)) world.host.turn()
}

/** The stack is not made by them. */
const BEFORE = new Set([
  'settings',
  'limits',
  'family',
  'mtu',
  'clock',
  'connection',
  'isn',
  'sequence-near-wrap',
  'flush',
])

/** That many bytes arrive and are read: a connection acknowledges eagerly while it is young. */
function readAlong(world: ScriptWorld, length: number): void {
  const { peer } = world
  for (let at = 1; at <= length; at += 1000) {
    injectSegment(world, {
      ...{ kind: 'inject', manner: [], endsTurn: true },
      segment: parseSegment(`. ${at}:${at + 1000}(1000) ack 1`),
    })
    peer.read(Number.POSITIVE_INFINITY)
    world.pass(1)
  }
  world.pass(1_000)
  world.unseen.length = 0
}

function setMtu(world: ScriptWorld, mtuBytes: number): void {
  world.mtuBytes = mtuBytes
  if (world.isMade) world.host.mtuBytes = mtuBytes
}

function portsOf(words: readonly string[]): { localPort?: number; remotePort?: number; address?: string } {
  const value = (name: string): string | undefined => words[words.indexOf(name) + 1]
  return {
    ...(words.includes('local') ? { localPort: Number(value('local')) } : {}),
    ...(words.includes('remote') ? { remotePort: Number(value('remote')) } : {}),
    ...(words.includes('address') ? { address: value('address') ?? '' } : {}),
  }
}
