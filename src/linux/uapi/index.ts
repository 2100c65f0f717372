/** The numbers of the kernel's own headers that this project uses. */
export * from './netlink.ts'
export * from './rtnetlink.ts'
export * from './socket.ts'
export * from './wireguard.ts'
