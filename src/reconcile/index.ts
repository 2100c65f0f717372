/**
 * Wanted against observed, as ordered steps and as the commands one would type. Pure: no I/O, no clock, no
 * randomness. The agent observes and applies; `warren plan --live` prints what this returns.
 */
export { backoffMs, MAX_ROUNDS, recurringSteps } from './convergence.ts'
export { diff } from './diff.ts'
export type { DiffInput, Difference, LinkConflict, Waiting, WaitingReason } from './difference.ts'
export { directPath, initialPath, nextPathSampleMs } from './direct-path.ts'
export type { PathPhase, PathSample, PathState } from './direct-path.ts'
export { endpointText, endpointToSet, HANDSHAKE_STALE_MS, sessionIsStale } from './endpoint.ts'
export type { EndpointFacts } from './endpoint.ts'
export { lockoutRisks } from './lockout.ts'
export { containerOf } from './netns-ref.ts'
export { isOurs, markedAs } from './ownership.ts'
export { peerId } from './peer-steps.ts'
export { cuts } from './reachability.ts'
export type { Cut, CutsInput, ProtectedAddress } from './reachability.ts'
export type * from './reachability-view.ts'
export { wayTo } from './reachability-way.ts'
export type { Way } from './reachability-way.ts'
export { render } from './render.ts'
export type { RenderOptions } from './render.ts'
export { needsIpv6Consent, sysctlsOf } from './sysctl-steps.ts'
