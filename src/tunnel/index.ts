/** A WireGuard tunnel inside this process: `openTunnel`, and `connect` and `listen` in it. */
export type { TunnelEngine, TunnelLog } from './engine.ts'
export { openTunnel, type OpenTunnelOptions } from './open-tunnel.ts'
export type { OuterCounters, OuterPort, OuterSink } from './outer-port.ts'
export type { Lookup } from './peer-endpoints.ts'
export { DEFAULT_CONNECT_TIMEOUT_MS } from './process-tunnel.ts'
export {
  DEFAULT_MTU_BYTES,
  isInPrefix,
  parseTunnelSettings,
  type ParseTunnelOptions,
  type TunnelPeerSettings,
  type TunnelSettings,
} from './settings.ts'
export type * from './tunnel-api.ts'
