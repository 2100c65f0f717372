/** Generic netlink, and the WireGuard family in it. */
export * from './generic-netlink.ts'
export * from './wireguard-change-codec.ts'
export * from './wireguard-device-codec.ts'
export type * from './wireguard-device.ts'
export * from './wireguard-netlink.ts'
