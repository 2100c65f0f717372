/** Runs one scenario of a packet script against a new stack; throws with the line and what was sent so far. */
import assert from 'node:assert/strict'
import { decodeSegment } from '../wire/segment.ts'
import { expectIcmp, injectIcmp } from './icmp-steps.ts'
import type { Scenario, Step } from './parse-script.ts'
import { callStep } from './script-calls.ts'
import { ScriptWorld } from './script-world.ts'
import type { SegmentPattern } from './segment-pattern.ts'
import { injectSegment } from './inject-segment.ts'

export function runScenario(scenario: Scenario, where: { readonly file?: string } = {}): void {
  const world = new ScriptWorld()
  for (const step of scenario.steps) {
    try {
      runStep(world, step)
    } catch (error) {
      throw failure(world, { ...step, ...where }, error)
    }
  }
  const last = scenario.steps.at(-1)
  if (last && world.unseen.length > 0)
    throw failure(world, { ...last, ...where }, new Error(unexpected(world)))
}

function runStep(world: ScriptWorld, { afterMs: [earliest, latest], action }: Step): void {
  if (action.kind === 'expect-segment' && action.optional) {
    world.pass(earliest)
    const [packet] = world.unseen
    if (packet && segmentDifferences(world, action.segment, packet.bytes).length === 0) world.unseen.shift()
    return
  }
  if (action.kind === 'expect-segment' || action.kind === 'expect-icmp') {
    const packet = nextPacket(world, { earliest, latest })
    const wrong =
      action.kind === 'expect-icmp'
        ? expectIcmp(packet, action.words)
        : segmentDifferences(world, action.segment, packet)
    assert.deepEqual(wrong, [], `sent ${world.describe(packet)}: ${wrong.join('; ')}`)
    return
  }
  world.pass(earliest)
  const discards = action.kind === 'call' && action.words[0] === 'flush'
  assert.equal(discards ? 0 : world.unseen.length, 0, unexpected(world))
  if (action.kind === 'inject') injectSegment(world, action)
  else if (action.kind === 'icmp') injectIcmp(world, action.words)
  else callStep(world, action.words)
}

/** Silence until `earliest`, then the first packet up to `latest`. */
function nextPacket(
  world: ScriptWorld,
  { earliest, latest }: { earliest: number; latest: number },
): Uint8Array {
  const from = world.nowMs
  if (earliest > 0) {
    world.passUntilSent(earliest - 1)
    assert.equal(world.unseen.length, 0, `too early, after ${world.nowMs - from} ms: ${unexpected(world)}`)
    world.pass(1)
  }
  if (world.unseen.length === 0) world.passUntilSent(latest - earliest)
  const packet = world.unseen.shift()
  assert.ok(packet, `nothing was sent within ${latest} ms`)
  return packet.bytes
}

function segmentDifferences(
  world: ScriptWorld,
  wanted: SegmentPattern,
  packet: Uint8Array,
): readonly string[] {
  const segment = decodeSegment(packet)
  if (segment === undefined) return ['not TCP']
  return world.peer.owns(segment) ? world.peer.judge(wanted, segment) : ['another connection']
}

function unexpected(world: ScriptWorld): string {
  return `not expected: ${world.unseen.map(({ bytes }) => world.describe(bytes)).join(' | ')}`
}

function failure(world: ScriptWorld, step: Step & { file?: string }, error: unknown): Error {
  const { line, text, file = 'line' } = step
  const message = error instanceof Error ? error.message.split('\n')[0] : String(error)
  const trace = world.trace.slice(-30).map((entry) => `    ${entry}`)
  return new Error([`${file}:${line}: ${text}`, `  ${message}`, ...trace].join('\n'), { cause: error })
}
