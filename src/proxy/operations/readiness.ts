/**
 * Whether requests should be sent to this process: every tunnel that a route needs has a peer that answered, and, if
 * asked, every target answered its last probe. A tunnel where nothing has been said for a while stays ready: its next
 * packet makes the handshake.
 */
import type { TunnelStatus } from '../../tunnel/index.ts'
import type { Phase } from './status.ts'

export interface ReadinessInput {
  readonly phase: Phase
  readonly tunnels: readonly TunnelStatus[]
  /** Of the last probe of each target; undefined: none yet. */
  readonly probes: readonly ProbeResult[]
}

export interface ProbeResult {
  readonly route: string
  readonly outcome: 'pending' | 'passed' | 'failed'
  readonly why: string | undefined
}

export interface Readiness {
  readonly ready: boolean
  readonly reasons: readonly string[]
}

export function readinessOf({ phase, tunnels, probes }: ReadinessInput): Readiness {
  const reasons = [...phaseReasons(phase), ...tunnels.flatMap(tunnelReasons), ...probes.flatMap(probeReasons)]
  return { ready: reasons.length === 0, reasons }
}

function phaseReasons(phase: Phase): string[] {
  return phase === 'running' ? [] : [phase]
}

function tunnelReasons({ name, peers }: TunnelStatus): string[] {
  if (peers.some(({ state }) => state === 'up')) return []
  const wasUp = peers.some(({ state }) => state === 'silent')
  const words = wasUp ? 'its peer has gone silent' : 'no handshake yet'
  const troubles = new Set(peers.flatMap(({ trouble }) => (trouble === undefined ? [] : [trouble])))
  return [`tunnel ${name}: ${[words, ...troubles].join('; ')}`]
}

function probeReasons({ route, outcome, why }: ProbeResult): string[] {
  if (outcome === 'passed') return []
  return [`route ${route}: ${outcome === 'pending' ? 'not probed yet' : `probe failed: ${why ?? ''}`}`]
}
