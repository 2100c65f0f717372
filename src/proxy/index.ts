/** The proxy in front of tunnels: what it is told, what runs, and how it tells how it is. */
export { type ConfigSources, type LoadedConfig, loadProxyConfig } from './config/load-config.ts'
export type { OperationsOptions, ProxyOptions } from './config/from-options.ts'
export type { ProxyConfig } from './config/proxy-config.ts'
export { readFile } from './config/read-file.ts'
export { describePlan, type PlannedProxy } from './describe-plan.ts'
