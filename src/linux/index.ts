/**
 * The Linux kernel: system calls, netlink, namespaces, descriptors in the event loop. Knows no kinds and no plan.
 * Importing this loads no native code; `loadSyscalls()` and `new EventLoop().watch()` do. The kernel in memory, for
 * tests, is in fake/index.ts.
 */
export type * from './closeable.ts'
export * from './echo-socket.ts'
export * from './event-loop.ts'
export type * from './genl/index.ts'
export { WireGuardNetlink } from './genl/index.ts'
export * from './icmp-echo.ts'
export * from './ip-text.ts'
export * from './kernel-error.ts'
export { loadSyscalls } from './koffi-syscalls.ts'
export { NetlinkSocket, type NetlinkRequest, type NetlinkSocketOptions } from './netlink/index.ts'
export * from './netns.ts'
export * from './packet-path.ts'
export type * from './rtnl/index.ts'
export {
  ALL_ZERO_ADDRESS,
  linkFlagNames,
  lookUpRoutes,
  RouteNetlink,
  watchRouteEvents,
} from './rtnl/index.ts'
export * from './socket-address.ts'
export type * from './syscalls.ts'
export * from './uapi/index.ts'
