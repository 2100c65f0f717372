/** What holds unless `createStack` is told otherwise. Every bound of the stack that can be chosen is here. */
import type { StackLimits, TcpSettings } from './stack-api.ts'

export const DEFAULT_STACK_LIMITS: StackLimits = {
  bufferBytes: 48 * 1024 * 1024,
  connectionBufferBytes: 4 * 1024 * 1024,
  connections: 16_384,
  halfOpen: 1_024,
  timeWait: 4_096,
  reassemblies: 64,
  reassemblyBytes: 1024 * 1024,
  answersPerSecond: 200,
  udpQueueBytes: 1024 * 1024,
}

export const DEFAULT_TCP_SETTINGS: TcpSettings = {
  congestionControl: 'cubic',
  noDelay: true,
  /** RFC 9293 §3.8.4: off unless somebody asks. */
  keepaliveIdleMs: 0,
  keepaliveIntervalMs: 15_000,
  keepaliveProbes: 4,
  /** RFC 9293 §3.8.3: R2 is at least 100 s. */
  userTimeoutMs: 120_000,
  connectTimeoutMs: 30_000,
  timeWaitMs: 60_000,
  delayedAckMs: 40,
  sack: true,
  timestamps: true,
  windowScaling: true,
}
