/** What the paths to peers carry: measured, remembered, and checked. */
export { LinuxProbe } from './linux-probe.ts'
export { PathMtuMonitor, readPathMtus } from './path-mtu-monitor.ts'
export { pathMtuProblems } from './path-mtu-problems.ts'
export type { PathProbe, ProbeTarget } from './probe.ts'
