/**
 * The proxy in front of tunnels. What is told and what would be done is here at once; what opens sockets is loaded when
 * it is asked for, so that a look at a configuration loads no native code.
 */
import type { OpenProxyOptions } from './open-proxy.ts'
import type { ProxyProcess } from './proxy-process.ts'

export type { OperationsOptions, ProxyOptions } from './config/from-options.ts'
export { type ListenAt, parseListen } from './config/listen-at.ts'
export type { ConfigSources } from './config/given.ts'
export { type LoadedConfig, loadProxyConfig } from './config/load-config.ts'
export type { ProxyConfig } from './config/proxy-config.ts'
export { describePlan, type PlannedProxy } from './describe-plan.ts'
export { askStatus, statusPaths } from './operations/ask-status.ts'
export type { ProxyStatus, RouteStatus } from './operations/status.ts'
export { FileWatch } from './watch-files.ts'
export type { OpenProxyOptions, ProxyProcess }

export async function openProxyProcess(options: OpenProxyOptions): Promise<ProxyProcess> {
  const { openProxy } = await import('./open-proxy.ts')
  return openProxy(options)
}
