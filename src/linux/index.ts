/**
 * The Linux kernel: system calls, netlink, namespaces, descriptors in the event loop. Knows no kinds and no plan.
 * Importing this loads no native code; `loadSyscalls()` and `new EventLoop().watch()` do.
 */
export { loadChachaAead } from './chacha-aead.ts'
export type * from './closeable.ts'
export * from './event-loop.ts'
export * from './evp-aead.ts'
export type * from './genl/wireguard-device.ts'
export * from './kernel-error.ts'
export { loadSyscalls } from './koffi-syscalls.ts'
export type * from './rtnl/route-kernel.ts'
export type * from './syscalls.ts'
export * from './uapi/socket.ts'
