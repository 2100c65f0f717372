/** Userspace WireGuard interfaces: a process each, and what others need to start and drive one. */
export * from './client.ts'
export { DESCRIPTORS_VARIABLE, formatDescriptors, parseDescriptors } from './descriptors.ts'
export { giveUpPrivileges, prepare, type DeviceSettings } from './prepare.ts'
export { runDevice } from './run.ts'
export { uapiSocketPath } from './uapi-server.ts'
