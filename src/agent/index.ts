/** One node's agent: source → plan → observe → reconcile → apply → status. */
export { Agent } from './agent.ts'
export type { AgentOptions } from './agent.ts'
export { loadBounds, NO_BOUNDS } from './bounds.ts'
export type { Bounds } from './bounds.ts'
export { systemClock } from './clock.ts'
export type { Clock } from './clock.ts'
export {
  answers,
  keepFile,
  observeRouting,
  PendingChanges,
  rememberOrigin,
  sshSession,
  systemBootClock,
} from './commit-confirm/index.ts'
export type { Awaited, Outcome, SafetyOptions } from './commit-confirm/index.ts'
export type { Lookup } from './endpoint-resolver.ts'
export { FakeHost } from './fake-host.ts'
export type { Host, ResolvedKeys, StepFailure } from './host.ts'
export { generatePrivateKey, keyDigest, publicKeyOf } from './key-pair.ts'
export { KeyStore, nodeKey } from './key-store.ts'
export { LinuxHost } from './linux-host.ts'
export type { LinuxHostOptions } from './linux-host.ts'
export { observeHost, planSteps } from './plan-live.ts'
export type { LiveDifference, LiveOptions, PlanStepsInput } from './plan-live.ts'
export { takeRunLock } from './run-lock.ts'
export { createLogger } from './logger.ts'
export type { Logger, LogLevel } from './logger.ts'
export type * from './status.ts'
